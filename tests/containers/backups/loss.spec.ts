/**
 * The server and its disk are lost while stores write. Only the last half minute may be missing afterwards, without
 * gaps.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { tryDocker } from '../docker.js';
import { type DatabaseDroplet, startDatabaseDroplet } from './system.js';

let droplet: DatabaseDroplet;

beforeAll(async () => {
  droplet = await startDatabaseDroplet();
  await droplet.sql('create table ticks (n int primary key, at timestamptz not null default clock_timestamp())');
  await droplet.done('backup');
}, 300_000);

afterAll(() => droplet.remove());

/** Writes ten rows a second, each its own commit, until the server is gone; resolves with the last one that was confirmed. */
function writeUntilKilled(): { readonly last: Promise<{ n: number; at: number }>; readonly confirmed: () => number } {
  let n = 0;
  let at = 0;
  const loop = async () => {
    for (;;) {
      try {
        await droplet.sql(`insert into ticks (n) values (${n + 1})`);
      } catch {
        return { n, at };
      }
      n += 1;
      at = Date.now();
      await sleep(60);
    }
  };
  return { last: loop(), confirmed: () => n };
}

it('loses at most 60 seconds of confirmed writes when the server and its volume are gone, and prints how many', async () => {
  const writer = writeUntilKilled();
  // Longer than one archive interval, then at a random moment of it.
  await sleep(45_000 + Math.random() * 20_000);
  await droplet.loseServer();
  const last = await writer.last;

  const restored = await droplet.script('restore', ['latest', '--confirm=restore']);
  expect(restored).toMatchObject({ code: 0 });
  const [count, highest, epoch] = (
    await droplet.sql('select count(*), max(n), extract(epoch from max(at)) from ticks')
  ).split('|');
  const lost = last.at / 1000 - Number(epoch);
  process.stdout.write(`lost ${lost.toFixed(1)} s of writes: ${last.n - Number(highest)} of ${last.n} rows\n`);

  expect(Number(highest)).toBeGreaterThan(0);
  expect(Number(count)).toBe(Number(highest));
  expect(lost).toBeLessThanOrEqual(60);
  expect(restored.stderr).toMatch(/Loss window: the last change in it is of \d{4}-/);
  // A restored copy must not publish or charge: the database itself is fenced, whatever process starts.
  expect(await droplet.sql('select app.recovery_fence()')).toContain('restored');
  expect(restored.stderr).toContain('Fenced: ');
}, 400_000);

it('loses nothing when the server can still be stopped', async () => {
  await droplet.sql('insert into ticks (n) values (1000001)');
  await droplet.done('restore', ['latest', '--confirm=restore']);
  expect(await droplet.sql('select count(*) from ticks where n = 1000001')).toBe('1');
}, 300_000);

it('does not make a new, empty database where the repository holds backups of a lost one', async () => {
  const before = await droplet.sql('select count(*) from ticks');
  await droplet.loseServer();
  const started = await droplet.script('start', ['postgres']);
  expect(started.code).toBe(1);
  const { stdout, stderr } = await tryDocker(['logs', droplet.container]);
  expect(stdout + stderr).toContain('the volume is empty, but the repository holds backups');

  await droplet.done('restore', ['latest', '--confirm=restore']);
  expect(Number(await droplet.sql('select count(*) from ticks'))).toBeGreaterThanOrEqual(Number(before) - 1);
}, 400_000);
