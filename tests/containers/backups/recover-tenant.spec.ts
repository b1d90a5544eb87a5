/** One store goes back to a moment while it and the others are in use: real images, real backup, the operator's own command line. */
import { execFile, spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { docker, type Ran } from '../docker.js';
import { eventually } from '../waiting.js';
import { Application, type Shop } from './application.js';

type Holdings = Record<string, Record<string, string>>;

let application: Application;
let acme: Shop;
let bolt: Shop;
let moment: string;
let cement: string;
let then: Holdings;
let undone: string;
/** Tables that a restore sets back. */
let restored: string[];

const folder = () => join(application.droplet.root, 'var/lib/basecommerce/stores');
const instant = () =>
  application.droplet.sql(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
const scratches = () => {
  const { prefix } = application.droplet;
  return docker('volume', 'ls', '--quiet', '--filter', `name=^${prefix}-scratch-`);
};
/** A row of the comparison, as it is printed: policy, same, different, only in the store, only in the archive. */
const row = ({ stdout }: Ran, table: string) => new RegExp(`^${table} +(.*)$`, 'm').exec(stdout)?.[1]?.split(/ +/);
const done = async (...words: string[]) => {
  const ran = await application.recover(...words);
  if (ran.code !== 0) throw new Error(`recover-tenant ${words.join(' ')}: exit ${ran.code}\n${ran.stderr}`);
  return ran;
};
const BACK = ['--confirm=acme', '--reason', 'an import gone wrong'];

/** The store's own tables; the tables of engines are computed again, and are compared by what people see. */
function documents(holdings: Holdings, slug: string): Record<string, string> {
  const isDocument = (table: string) => restored.includes(table) && !/_engine_|^insights$/.test(table);
  return Object.fromEntries(Object.entries(holdings[slug]!).filter(([table]) => isDocument(table)));
}

beforeAll(async () => {
  application = await Application.start();
  const listed = await application.droplet.sql(`
    select string_agg(relname, ' ') from pg_class
     where relnamespace = 'public'::regnamespace and obj_description(oid, 'pg_class') like 'restore: back%'`);
  restored = listed.trim().split(' ');
  acme = await application.open('acme');
  bolt = await application.open('bolt');
  await application.open('calm');
  cement = await acme.product('C-1');
  await acme.sell(cement, '10');
  await bolt.sell(await bolt.product('B-1'), '4');
  await application.droplet.done('backup');
  // After the backup: only the log has it.
  await acme.sell(cement, '3');
  await application.settled();
  then = await application.holdings();
  await sleep(1_100);
  moment = await instant();
  await sleep(1_100);

  await acme.call('PATCH', `/products/${cement}`, { name: 'Renamed by mistake' });
  await acme.sell(await acme.product('C-2'), '2');
  await application.droplet.sql(`
    delete from sites where tenant_id = (select id from tenants where slug = 'acme');
    update products set name = 'Wiped' where tenant_id = (select id from tenants where slug = 'acme') and code = 'C-1'`);
  await bolt.sell(await bolt.product('B-2'), '1');
  await application.settled();
}, 600_000);

afterAll(() => application?.droplet.remove());

it.each([
  [
    'no such store',
    ['nobody', '--to', 'MOMENT', '--confirm=nobody', '--reason', 'x'],
    64,
    'there is no store nobody here',
  ],
  ['a name that is none', ['../acme', '--to', 'MOMENT', ...BACK], 64, 'name the store as in its address'],
  ['a time that is none', ['acme', '--to', 'yesterday-ish', ...BACK], 64, '--to needs a time such as'],
  ['a time to come', ['acme', '--to', '2999-01-01T00:00:00Z', ...BACK], 64, 'has not come yet'],
  ['a time before any backup', ['acme', '--to', '2020-01-01', ...BACK], 64, 'is before the oldest backup'],
  ['no time', ['acme', ...BACK], 64, '--to says which moment'],
  ['no reason', ['acme', '--to', 'MOMENT', '--confirm=acme'], 64, '--reason says why'],
  [
    'another word',
    ['acme', '--to', 'MOMENT', '--confirm=bolt', '--reason', 'x'],
    64,
    '--confirm has to be exactly acme',
  ],
  ['no word and no terminal', ['acme', '--to', 'MOMENT', '--reason', 'x'], 64, 'give --confirm=acme'],
  ['an archive elsewhere', ['acme', '--from', '/etc/passwd', ...BACK], 64, '--from names an archive in'],
  ['an archive that is not there', ['acme', '--from', 'acme-1.store', ...BACK], 64, 'there is no '],
])('refuses %s in one line, before anything is restored', async (_what, words, code, message) => {
  const refused = await application.recover(...words.map((word) => word.replace('MOMENT', moment)));
  expect(refused).toMatchObject({ code, stdout: '' });
  const said = refused.stderr.trimEnd().split('\n');
  expect(said.at(-1)).toMatch(/^(recover-tenant|restore): /);
  expect(said.at(-1)).toContain(message);
  expect(await scratches()).toBe('');
});

it('refuses where no release serves', async () => {
  const words = ['acme', '--to', moment, '--compare-only'];
  const none = { BASECOMMERCE_IMAGE: '', BASECOMMERCE_PREFIX: `${application.droplet.prefix}-other` };
  const refused = await application.droplet.script('recover-tenant', words, none);
  expect(refused).toMatchObject({ code: 69 });
  expect(refused.stderr).toContain('no release serves here');
});

it('prints the differences, changes nothing, and shows no secret', async () => {
  const before = await application.holdings();
  const { answer: compared, seen } = await watching(() => done('acme', '--to', moment, '--compare-only'));
  expect(row(compared, 'products')).toEqual(['back', '0', '1', '1', '0']);
  expect(row(compared, 'orders')).toEqual(['back', '2', '0', '1', '0']);
  expect(row(compared, 'customers')).toEqual(['back', '2', '0', '1', '0']);
  expect(await application.holdings()).toEqual(before);
  expect(seen).toContain('pgbackrest restore');
  for (const secret of application.secrets) expect(seen + compared.stdout + compared.stderr).not.toContain(secret);
  expect(await scratches()).toBe('');
});

it('lets one run at a time', async () => {
  const first = done('acme', '--to', moment, '--compare-only');
  await eventually(scratches, (volumes) => volumes !== '');
  const second = await application.recover('bolt', '--to', moment, '--compare-only');
  expect(second).toMatchObject({ code: 75 });
  expect(second.stderr).toContain('another store is being recovered');
  await first;
});

it.each(['TERM', 'KILL'] as const)(
  'removes its server and files when it is ended by SIG%s in the middle',
  async (signal) => {
    const child = spawn(resolve('infra/droplets/host/recover-tenant'), ['acme', '--to', moment, '--compare-only'], {
      env: { ...process.env, ...application.droplet.environment, BASECOMMERCE_IMAGE: '' },
      stdio: 'ignore',
    });
    const ended = new Promise<[number | null, string | null]>((done) => child.once('exit', (...how) => done(how)));
    await eventually(scratches, (volumes) => volumes !== '');
    child.kill(`SIG${signal}`);
    expect(await ended).toEqual(signal === 'TERM' ? [143, null] : [null, 'SIGKILL']);
    if (signal === 'KILL') {
      // Its child processes end by themselves, and no other run starts before. The next run removes the rest.
      const again = () => application.recover('acme', '--to', moment, '--compare-only');
      const next = await eventually(again, ({ code }) => code !== 75, 120);
      expect([next.code, next.stderr.trimEnd().split('\n').at(-1)]).toEqual([0, expect.stringContaining('Kept: ')]);
      expect(next.stderr).toMatch(/Removing \S+-scratch-store-\d{6}, which an earlier one has left/);
    }
    expect(await scratches()).toBe('');
    expect(await docker('ps', '--all', '--quiet', '--filter', `name=${application.droplet.prefix}-scratch-`)).toBe('');
  },
);

it('lets the store write again when the restore itself is killed, and has changed nothing', async () => {
  const before = await application.holdings();
  // A request that does not end keeps the restore in the phase in which the store takes no writes.
  const request = application.droplet
    .sql(`set application_name = 'vertical'; begin; select count(*) from products; select pg_sleep(300)`)
    .catch(String);
  const archive = (await readdir(folder())).find((name) => name.startsWith('acme-2'))!;
  const recovering = application.recover('acme', '--from', archive, ...BACK);
  const suspended = () => application.droplet.sql(`select state from tenants where slug = 'acme'`);
  await eventually(suspended, (state) => state === 'suspended', 120);
  const { prefix } = application.droplet;
  const listed = await docker('ps', '--no-trunc', '--filter', `network=${prefix}`, '--format', '{{.ID}} {{.Command}}');
  const act = listed.split('\n').find((line) => line.includes('restore store'))!;
  await docker('kill', act.split(' ')[0]!);
  const failed = await recovering;
  await application.droplet.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(300)%' and pid <> pg_backend_pid()`,
  );
  await request;
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.stderr).toContain('it was ended on the way (exit code 137)');
  expect(await suspended()).toBe('active');
  expect(documents(await application.holdings(), 'acme')).toEqual(documents(before, 'acme'));
});

it('restores the store byte by byte, without affecting another store', async () => {
  await application.settled();
  const before = await application.holdings();
  undone = JSON.stringify(documents(before, 'acme'));
  expect(documents(before, 'acme')).not.toEqual(documents(then, 'acme'));
  const began = Date.now();
  const recovered = await done('acme', '--to', moment, ...BACK);
  const seconds = (Date.now() - began) / 1_000;
  process.stdout.write(
    `one store back in ${seconds.toFixed(1)} s; ${/seconds_without_writes.*/.exec(recovered.stdout)?.[0]}\n`,
  );
  const after = await application.holdings();
  expect(documents(after, 'acme')).toEqual(documents(then, 'acme'));
  for (const slug of ['bolt', 'calm']) expect(after[slug]).toEqual(before[slug]);
  expect(await scratches()).toBe('');
  for (const secret of application.secrets) expect(recovered.stdout + recovered.stderr).not.toContain(secret);
  const audit = await application.once('basecommerce', 'audit', 'list', '--tenant', 'acme', '--json');
  expect(audit).toContain('an import gone wrong');
});

it('lets people sign in and write afterwards, and every event reaches its engine', async () => {
  expect(await acme.signIn()).toBe(200);
  expect(await bolt.signIn()).toBe(200);
  // The version and the code that were used after the archive's moment.
  await acme.call('PATCH', `/products/${cement}`, { name: 'Cimento CP II' });
  await acme.sell(await acme.product('C-2'), '5');
  await bolt.sell(await bolt.product('B-3'), '2');
  await application.settled();
  const { data } = await acme.call('GET', '/products');
  expect((data as { name: string }[]).map(({ name }) => name).toSorted()).toEqual(['Cimento C-2', 'Cimento CP II']);
});

it('is undone from the archive that it exported first, which only root can read', async () => {
  const names = await readdir(folder());
  for (const name of names) {
    const { mode, uid } = await stat(join(folder(), name));
    expect([name, mode & 0o777, uid]).toEqual([name, 0o600, 1_000]);
  }
  expect((await stat(folder())).mode & 0o777).toBe(0o700);
  const before = names.filter((name) => name.includes('-before-')).toSorted();
  await done('acme', '--from', join(folder(), before.at(-1)!), ...BACK);
  expect(JSON.stringify(documents(await application.holdings(), 'acme'))).toBe(undone);
  expect(await acme.signIn()).toBe(200);
  await application.settled();
});

it('refuses while the whole database is fenced, at once and with that reason', async () => {
  await application.once('basecommerce', 'recovery', 'fence', '--reason', 'looking into it');
  const refused = await application.recover('acme', '--to', moment, ...BACK);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('the database is fenced');
  await application.once('basecommerce', 'recovery', 'confirm', '--reason', 'looked');
});

it('prints in one line that the store did not exist yet, and removes the server', async () => {
  await application.open('late');
  const refused = await application.recover('late', '--to', moment, '--confirm=late', '--reason', 'x');
  expect(refused).toMatchObject({ code: 64 });
  expect(refused.stderr).toContain(`there was no store late`);
  expect(await scratches()).toBe('');
});

/** Collects every command line on this machine, many times a second, during an action. */
async function watching<T>(act: () => Promise<T>): Promise<{ answer: T; seen: string }> {
  const seen = new Set<string>();
  let isOn = true;
  const watch = async () => {
    while (isOn) {
      const { stdout } = await promisify(execFile)('ps', ['-eo', 'args', '-ww'], { maxBuffer: 64 * 1024 * 1024 });
      for (const line of stdout.split('\n')) seen.add(line);
      await sleep(50);
    }
  };
  const watched = watch();
  try {
    return { answer: await act(), seen: [...seen].join('\n') };
  } finally {
    isOn = false;
    await watched;
  }
}
