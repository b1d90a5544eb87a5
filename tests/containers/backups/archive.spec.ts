/**
 * The repository's disk is full, then has space again. Stores are not affected, metrics show it, and nothing is lost.
 */
import { docker } from '../docker.js';
import { type DatabaseDroplet, eventually, startDatabaseDroplet } from './system.js';

const ROOM = 'bcb-room';
const write = (droplet: DatabaseDroplet, from: number) =>
  droplet.sql(`insert into notes select n, repeat(md5(n::text), 20) from generate_series(${from}, ${from + 4999}) n`);
const inRoom = (command: string) => docker('exec', '--user', 'root', ROOM, 'sh', '-c', command);

let droplet: DatabaseDroplet;

beforeAll(async () => {
  // A disk of 96 MB; a container keeps it mounted while the droplet uses it.
  await docker('build', '--quiet', '--tag', 'bcb-postgres', 'infra/images/postgres');
  await docker('volume', 'create', '--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', 'o=size=96m,uid=999', ROOM);
  await docker(
    'run',
    '--detach',
    '--name',
    ROOM,
    '--volume',
    `${ROOM}:/room`,
    '--entrypoint',
    'sleep',
    'bcb-postgres',
    '3600',
  );
  const backups = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', ROOM);
  droplet = await startDatabaseDroplet({ backups });
  await droplet.sql('create table notes (id int primary key, body text not null)');
  await droplet.done('backup');
}, 300_000);

afterAll(async () => {
  await droplet.remove();
  await docker('rm', '--force', ROOM);
  await docker('volume', 'rm', ROOM);
});

it('keeps writing while the archive fails, shows it in metrics, and loses nothing when there is space again', async () => {
  await droplet.done('backup', ['--metrics']);
  expect(await droplet.metric('archive_failing')).toBe(0);
  const healthySince = await droplet.metric('last_success_timestamp_seconds');

  await inRoom('dd if=/dev/zero of=/room/ballast bs=64k 2>/dev/null || true');
  let next = 1;
  for (let round = 0; round < 10; round++, next += 5000) {
    await write(droplet, next);
    await droplet.sql('select pg_switch_wal()');
  }
  await eventually(async () => {
    await droplet.done('backup', ['--metrics']);
    return (await droplet.metric('archive_failing')) === 1;
  }, 90);
  expect(await droplet.metric('archive_waiting_segments')).toBeGreaterThan(0);
  expect(await droplet.metric('archive_waiting_seconds')).toBeGreaterThan(0);
  expect(await docker('inspect', '--format', '{{.State.Health.Status}}', droplet.container)).toBe('healthy');
  expect(await droplet.sql('select count(*) from notes')).toBe(String(next - 1));

  // A backup made meanwhile has no log, so it must not count as a backup.
  const failed = await droplet.script('backup', ['--now']);
  expect(failed.code).toBe(1);
  expect(await droplet.metric('last_success_timestamp_seconds')).toBe(healthySince);

  await inRoom('rm /room/ballast');
  await eventually(async () => {
    await droplet.done('backup', ['--metrics']);
    return (await droplet.metric('archive_failing')) === 0 && (await droplet.metric('archive_waiting_segments')) === 0;
  }, 120);
  await droplet.sql("insert into notes values (0, 'the last one'); select pg_switch_wal()");
  await eventually(async () => {
    await droplet.done('backup', ['--metrics']);
    return (await droplet.metric('archive_waiting_segments')) === 0;
  }, 60);

  await droplet.loseServer();
  await droplet.done('restore', ['latest', '--confirm=restore']);
  expect(await droplet.sql('select count(*) from notes')).toBe(String(next));
}, 420_000);
