/** Rows were deleted by mistake. The database goes back to the moment before, and the replaced volume is kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, tryDocker } from '../docker.js';
import { type DatabaseDroplet, startDatabaseDroplet, volumesOf } from './system.js';

let droplet: DatabaseDroplet;
let before: string;
const count = (slug: string) => droplet.sql(`select count(*) from notes where tenant = '${slug}'`);

beforeAll(async () => {
  droplet = await startDatabaseDroplet();
  await droplet.sql(`
    create table notes (id bigint generated always as identity primary key, tenant text not null, body text not null);
    insert into notes (tenant, body) select tenant, md5(n::text) from generate_series(1, 1000) n, unnest(array['acme', 'bolt']) tenant`);
  await droplet.done('backup');
  await droplet.sql("insert into notes (tenant, body) values ('acme', 'after the backup')");
  await sleep(1_000);
  before = await droplet.sql(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
  await sleep(1_000);
  await droplet.sql("delete from notes where tenant = 'acme'");
}, 180_000);

afterAll(() => droplet.remove());

it('does nothing without a confirmation', async () => {
  const started = await docker('inspect', '--format', '{{.State.StartedAt}}', droplet.container);
  const refused = await droplet.script('restore', ['--to', before]);
  expect(refused.code).toBe(64);
  expect(refused.stderr).toContain('--confirm=restore');
  const mistyped = await droplet.script('restore', ['--to', before, '--confirm=yes']);
  expect(mistyped.code).toBe(64);
  expect(await docker('inspect', '--format', '{{.State.StartedAt}}', droplet.container)).toBe(started);
  expect(await volumesOf(droplet.prefix)).toHaveLength(1);
});

it.each([
  ['a time that is no time', ['--to', 'yesterday-ish'], 64, /needs a time such as/],
  ['a time to come', ['--to', '2999-01-01T00:00:00Z'], 64, /has not come yet/],
  ['a time before the oldest backup', ['--to', '2020-01-01T00:00:00Z'], 64, /before the oldest backup/],
  ['a name that no backup knows', ['--name', 'no-such-point'], 64, /no backup knows the name/],
  ['two targets', ['--to', '2026-01-01', '--name', 'x'], 64, /one target at a time/],
])('refuses %s before it stops anything', async (_what, args, code, message) => {
  const refused = await droplet.script('restore', [...args, '--confirm=restore']);
  expect(refused).toMatchObject({ code });
  expect(refused.stderr).toMatch(message);
  expect(await count('bolt')).toBe('1000');
});

it('shows the moment in a second server while the live one keeps running', async () => {
  const { stdout } = await droplet.done('restore', ['--scratch', 'look', '--to', before]);
  const scratch = stdout.trim();
  const rows = await docker(
    'exec',
    scratch,
    'psql',
    '-XqAtU',
    'postgres',
    'basecommerce',
    '-c',
    "select count(*) from notes where tenant = 'acme'",
  );
  expect(rows).toBe('1001');
  expect(await docker('port', scratch)).toBe('');
  expect(await count('acme')).toBe('0');
  await droplet.done('restore', ['--discard-scratch', 'look']);
  expect((await tryDocker(['inspect', scratch])).code).not.toBe(0);
}, 300_000);

it('starts the old database and the application again when the target cannot be reached', async () => {
  await docker(
    'run',
    '--detach',
    '--name',
    `${droplet.prefix}-worker`,
    '--entrypoint',
    'sleep',
    'bcb-postgres',
    '3600',
  );
  const failed = await droplet.script('restore', ['--to-lsn', 'FF/FFFFFFF0', '--confirm=restore']);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('the archive does not lead to lsn FF/FFFFFFF0');
  expect(await count('bolt')).toBe('1000');
  expect(await docker('inspect', '--format', '{{.State.Running}}', `${droplet.prefix}-worker`)).toBe('true');
  expect(await volumesOf(droplet.prefix)).toHaveLength(1);
}, 300_000);

it('goes back to the moment before the delete and keeps the volume that it replaces', async () => {
  const restored = await droplet.done('restore', ['--to', before, '--confirm=restore']);
  expect(await count('acme')).toBe('1001');
  expect(await count('bolt')).toBe('1000');
  expect(await docker('inspect', '--format', '{{.State.Running}}', `${droplet.prefix}-worker`)).toBe('true');
  expect(restored.stderr).toContain('Fenced: ');

  const volumes = await volumesOf(droplet.prefix);
  expect(volumes).toHaveLength(2);
  const inUse = await docker('inspect', '--format', '{{range .Mounts}}{{.Name}} {{end}}', droplet.container);
  expect(inUse).not.toMatch(new RegExp(`${droplet.prefix}-postgres( |$)`));
  // Complete: a server starts on it and has the data from when it was stopped.
  const old = `${droplet.prefix}-old`;
  await docker(
    'run',
    '--detach',
    '--name',
    old,
    '--env',
    'BACKUP_REPOSITORY=none',
    '--volume',
    `${droplet.prefix}-postgres:/var/lib/postgresql/data`,
    'bcb-postgres',
  );
  for (let tries = 0; tries < 60 && (await tryDocker(['exec', old, 'healthy'])).code !== 0; tries++) await sleep(250);
  const rows = await docker(
    'exec',
    old,
    'psql',
    '-XqAtU',
    'postgres',
    'basecommerce',
    '-c',
    "select count(*) filter (where tenant = 'acme'), count(*) from notes",
  );
  expect(rows).toBe('0|1000');
  await docker('rm', '--force', old);
}, 300_000);

it('goes back to a moment by its name, and the application stays stopped where nothing fences it', async () => {
  await droplet.sql('update recovery_state set lineage = null');
  const point = (await droplet.done('backup', ['--now'])).stdout.trim();
  await droplet.sql("insert into notes (tenant, body) values ('acme', 'too late')");
  const restored = await droplet.script('restore', ['--name', point, '--confirm=restore']);
  expect(restored.code).toBe(1);
  expect(restored.stderr).toContain('NOT FENCED');
  expect(await count('acme')).toBe('1001');
  expect(await docker('inspect', '--format', '{{.State.Running}}', `${droplet.prefix}-worker`)).toBe('false');
}, 300_000);

it('deletes volumes of earlier restores only by name and with a fresh backup', async () => {
  const unnamed = await droplet.script('restore', ['--discard-old']);
  expect(unnamed.code).toBe(64);
  const left = (await volumesOf(droplet.prefix)).length;
  expect(left).toBe(3);
  const first = await droplet.script('restore', ['--discard-old', `--confirm=${droplet.prefix}-postgres`]);
  // The second volume has another name, so this word does not confirm it.
  expect(first.code).toBe(64);
  expect(await volumesOf(droplet.prefix)).toHaveLength(left - 1);
  expect(await count('bolt')).toBe('1000');
}, 300_000);
