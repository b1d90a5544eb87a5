/** The time of a restore of the whole server, measured with 1 GB and extrapolated to 10. */
import { type DatabaseDroplet, startDatabaseDroplet } from './system.js';

const GIGABYTE = 1024 ** 3;

let droplet: DatabaseDroplet;

beforeAll(async () => {
  droplet = await startDatabaseDroplet();
  // Rows that compress about as business rows do: half random bytes, half repeated words.
  await droplet.sql(`
    create table movements (id bigint primary key, tenant_id uuid not null, note text not null, at timestamptz not null);
    insert into movements
    select n, ('00000000-0000-0000-0000-' || lpad((n % 100)::text, 12, '0'))::uuid,
           md5(n::text) || md5((n + 1)::text) || repeat('delivered to the site; ', 6), now()
      from generate_series(1, 3600000) n;
    create index on movements (tenant_id, at)`);
}, 900_000);

afterAll(() => droplet.remove());

it('restores 1 GB in a time that leaves 10 GB well within 15 minutes', async () => {
  const seconds = async (name: string, args: readonly string[]) => {
    const began = Date.now();
    await droplet.done(name, args);
    return (Date.now() - began) / 1000;
  };
  const size = Number(await droplet.sql('select pg_database_size(current_database())')) / GIGABYTE;
  const backup = await seconds('backup', ['--full']);
  // The changes of a day are replayed on top.
  await droplet.sql(`update movements set note = note || '!' where id % 40 = 0`);
  const incremental = await seconds('backup', ['--now']);
  const stored = (await droplet.metric('repository_bytes')) / GIGABYTE;
  const verify = await seconds('backup-verify', []);
  await droplet.sql(`update movements set note = note || '!' where id % 40 = 1`);
  await droplet.sql('select pg_switch_wal()');
  await droplet.loseServer();
  const restore = await seconds('restore', ['latest', '--confirm=restore']);
  expect(Number(await droplet.sql('select count(*) from movements'))).toBe(3_600_000);

  const [perGigabyte, ten] = [restore / size, (10 * restore) / size];
  process.stdout.write(
    `${size.toFixed(2)} GB (${stored.toFixed(2)} GB stored): full backup ${backup.toFixed(0)} s, incremental ${incremental.toFixed(0)} s, ` +
      `verification ${verify.toFixed(0)} s, server back ${restore.toFixed(0)} s = ${perGigabyte.toFixed(0)} s/GB; 10 GB: ${(ten / 60).toFixed(1)} min\n`,
  );
  expect(size).toBeGreaterThan(0.9);
  expect(ten).toBeLessThan(15 * 60);
}, 1_200_000);
