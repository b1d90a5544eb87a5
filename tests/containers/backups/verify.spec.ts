/** A verification accepts a backup that can be restored and is equal, and refuses every other. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from '../docker.js';
import { damage, type DatabaseDroplet, filesBelow, startDatabaseDroplet } from './system.js';

let droplet: DatabaseDroplet;

beforeAll(async () => {
  droplet = await startDatabaseDroplet();
  await droplet.sql(`
    create sequence tickets;
    create table notes (id int primary key, body text not null);
    insert into notes select n, md5(n::text) from generate_series(1, 20000) n`);
  await droplet.done('backup');
}, 300_000);

afterAll(async () => {
  await droplet.remove();
});

/** Everything at once: inserts, updates and deletes on a table, from four sessions, until it is stopped. */
function writers(): () => Promise<void> {
  let isOn = true;
  const write = async (session: number) => {
    for (let n = 0; isOn; n++)
      await droplet.sql(`
        insert into notes select ${(session + 1) * 1_000_000 + n}, nextval('tickets')::text;
        update notes set body = body || '.' where id % 97 = ${n % 97};
        delete from notes where id = ${n * 4 + session + 1}`);
  };
  const all = [0, 1, 2, 3].map(write);
  return async () => {
    isOn = false;
    await Promise.all(all);
  };
}

const lastLine = async () => {
  const text = await readFile(join(droplet.root, 'var/lib/basecommerce/backup-verify.jsonl'), 'utf8');
  return JSON.parse(text.trimEnd().split('\n').at(-1)!) as { result: string; reason: string };
};

it('accepts a backup that was made during writes, several times', async () => {
  const stop = writers();
  try {
    for (let round = 0; round < 2; round++) {
      await droplet.done('backup', ['--now']);
      const verified = await droplet.done('backup-verify');
      expect(verified.stderr).toMatch(/is proved: \d{2,} tables, \d{5,} rows/);
    }
  } finally {
    await stop();
  }
  expect(await droplet.metric('verify_failed')).toBe(0);
  expect(Date.now() / 1000 - (await droplet.metric('verified_timestamp_seconds'))).toBeLessThan(60);
  expect(await lastLine()).toMatchObject({ result: 'proved' });
  // Nothing of it is left.
  expect(await docker('ps', '--all', '--quiet', '--filter', `name=${droplet.prefix}-scratch`)).toBe('');
  expect(await docker('volume', 'ls', '--quiet', '--filter', `name=${droplet.prefix}-scratch`)).toBe('');
}, 400_000);

it('refuses a backup with one row less, one changed row or a lower sequence than the live database', async () => {
  const newest = async (member: string) => {
    const read = `pgbackrest info --output=json | jq --raw-output '.[0].backup[-1].${member}'`;
    return (await docker('exec', droplet.container, 'bash', '-c', read)).trim();
  };
  const [label, figures] = [await newest('label'), await newest('annotation.figures')];
  const annotate = (text: string) =>
    docker('exec', droplet.container, 'pgbackrest', 'annotate', `--set=${label}`, `--annotation=figures=${text}`);
  const altered = figures
    .replace(/t public\.notes (\d+)/, (_all, rows) => `t public.notes ${Number(rows) + 1}`)
    .replace(
      /t public\.recovery_state 1 (-?\d+)/,
      (_all, hash) => `t public.recovery_state 1 ${BigInt(hash as string) + 1n}`,
    )
    .replace(/s public\.tickets \d+/, 's public.tickets 99999999')
    .concat(';t public.vanished 1 1');
  await annotate(altered);
  const verified = await droplet.script('backup-verify');
  expect(verified.code).toBe(1);
  expect(
    verified.stderr
      .trimEnd()
      .split(/NOT proved: /)
      .at(-1)!
      .split(';')
      .toSorted(),
  ).toEqual([
    expect.stringMatching(/^public\.notes differs: \d+ rows noted, \d+ found$/),
    'public.recovery_state differs: 1 rows noted, 1 found',
    'public.tickets is behind',
    'public.vanished is missing',
  ]);
  await annotate(figures);
  await droplet.done('backup-verify');
}, 400_000);

it('refuses a database whose roles are no longer confined', async () => {
  await droplet.sql('alter role basecommerce_app bypassrls');
  await droplet.done('backup', ['--now']);
  const verified = await droplet.script('backup-verify');
  expect(verified.code).toBe(1);
  expect(verified.stderr).toContain('basecommerce_app');
  await droplet.sql('alter role basecommerce_app nobypassrls');
}, 300_000);

it('reports a verification that already runs, and does not disturb it', async () => {
  const first = droplet.script('backup', ['--now']);
  await sleep(400);
  const second = await droplet.script('backup-verify');
  expect(second.code).toBe(75);
  expect((await first).code).toBe(0);
}, 300_000);

it('refuses a backup that a disk has damaged, keeps the time of the last success, and accepts the next full backup', async () => {
  await droplet.done('backup', ['--full']);
  await droplet.done('backup-verify');
  const provedAt = await droplet.metric('verified_timestamp_seconds');
  const bundles = (await filesBelow(join(droplet.backups, 'backup'))).filter(({ path }) => path.includes('/bundle/'));
  const newest = bundles
    .map(({ path }) => path.split('/bundle/')[0]!)
    .toSorted()
    .at(-1)!;
  for (const { path } of bundles.filter(({ path: each }) => each.startsWith(newest))) await damage(path);
  await sleep(1_100);

  const verified = await droplet.script('backup-verify');
  expect(verified.code).toBe(1);
  expect(verified.stderr).toContain('NOT proved: it cannot be restored');
  expect(await droplet.metric('verify_failed')).toBe(1);
  expect(await droplet.metric('verified_timestamp_seconds')).toBe(provedAt);
  expect(await lastLine()).toMatchObject({ result: 'refuted' });
  expect(await docker('volume', 'ls', '--quiet', '--filter', `name=${droplet.prefix}-scratch`)).toBe('');

  await droplet.done('backup', ['--full']);
  await droplet.done('backup-verify');
  expect(await droplet.metric('verify_failed')).toBe(0);
}, 400_000);

it('refuses a backup whose archived log is damaged', async () => {
  await droplet.done('backup', ['--now']);
  const log = (await filesBelow(join(droplet.backups, 'archive'))).filter(({ path }) => path.endsWith('.zst'));
  for (const { path } of log.slice(-3)) await damage(path);
  const verified = await droplet.script('backup-verify');
  expect(verified.code).toBe(1);
  expect(verified.stderr).toContain('NOT proved');
}, 300_000);
