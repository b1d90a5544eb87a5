/**
 * A database that moves by dump, to another provider or cluster: refused at first, and accepted after the documented
 * steps.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docker, tryDocker } from '../docker.js';
import { replaceIn } from './system.js';
import { Application, PARTS, type Shop } from './application.js';

let application: Application;
let acme: Shop;

const inServer = async (command: string, input?: string) => {
  const { code, stdout, stderr } = await tryDocker(
    ['exec', '--interactive', application.droplet.container, 'bash', '-c', command],
    input,
  );
  if (code !== 0) throw new Error(`${command}: exit ${code}\n${stderr}`);
  return stdout;
};

beforeAll(async () => {
  application = await Application.start();
  acme = await application.open('acme');
  await acme.sell(await acme.product('C-1'), '10');
  await application.settled();
  // The old cluster has higher transaction ids than the new one.
  await application.droplet.sql(
    `do $$ begin for n in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$`,
  );
  // Committed and not yet published when everything was stopped: they must not be lost.
  for (const part of ['relay', 'worker']) await docker('stop', `${application.droplet.prefix}-${part}`);
  await acme.sell(await acme.product('C-2'), '3');
  await docker('stop', `${application.droplet.prefix}-vertical-blue`);

  const roles = await inServer('pg_dumpall --username=postgres --roles-only | grep -v "ROLE postgres"');
  const dump = await inServer('pg_dump --username=postgres --format=plain basecommerce');
  await application.droplet.loseServer();
  await replaceIn(
    join(application.droplet.root, 'etc/basecommerce/postgres.env'),
    (text) => `${text}BACKUP_REPOSITORY=none\n`,
  );
  await application.droplet.done('start', ['postgres']);
  const psql = 'psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username=postgres --output=/dev/null basecommerce';
  await inServer(psql, roles);
  await inServer(psql, dump);
}, 600_000);

afterAll(() => application?.droplet.remove());

it('stays fenced, and the refusal names the page with the steps', async () => {
  const refused = await application.once('basecommerce', 'recovery', 'confirm', '--reason', 'moved').catch(String);
  expect(refused).toContain('recovery_outbox_ahead');
  expect(refused).toContain('docs/backups.md');
  expect(await application.droplet.sql('select app.recovery_fence()')).toContain('restored or promoted copy');
});

it('publishes everything again after the statements of the page, and engines apply the missing events', async () => {
  const page = await readFile('docs/backups.md', 'utf8');
  const statements = /## Moving by dump[\s\S]*?```sql\n([\s\S]*?)```/.exec(page)![1]!;
  await application.droplet.sql(statements);
  await application.once('basecommerce', 'recovery', 'confirm', '--reason', 'moved');
  for (const part of PARTS) await docker('start', `${application.droplet.prefix}-${part}`);
  await application.reconnect();
  await application.settled();
  expect(await acme.signIn()).toBe(200);
  await acme.sell(await acme.product('C-3'), '1');
  await application.settled();
});
