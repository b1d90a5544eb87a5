/** Daily partitions are created while the tables are in use. No reader or writer is refused or waits long. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { RelayRepository } from '#platform/outbox/relay';
import { processOf, waitUntilBlockedBy } from '#testing/waiting';
import { aggregates, FaultSystem, PARTITIONS, tenants } from './system.js';

const AHEAD = 7;
const DAYS = 1 + 1 + AHEAD;
/** Each attempt waits this long for a lock. After several attempts the day is left for the next call. */
const LOCK_TIMEOUT_MS = 500;
const INSERT = `insert into inbox_events (recorded_on, tenant_id, engine, event_id, outcome)
                values (current_date, gen_random_uuid(), 'stock', gen_random_uuid(), 'applied')`;

let system: FaultSystem;
let relay: CrossTenantDatabase;
let repository: RelayRepository;
let worker: pg.Client;

beforeEach(async () => {
  system = await FaultSystem.start(0);
  relay = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_relay',
    application: 'faults relay',
  });
  repository = new RelayRepository(relay, system.vertical, PARTITIONS);
  worker = new pg.Client({ connectionString: system.database.url });
  await worker.connect();
  await worker.query('begin; select from inbox_events');
});
afterEach(async () => {
  await worker.end();
  await relay.close();
  await system.stop();
});

async function days(parent: string): Promise<number> {
  const { rows } = await system.owner.query<{ count: number }>(
    `select count(*)::int from pg_class where relkind = 'r' and relname ~ $1`,
    [`^${parent}_[0-9]{8}$`],
  );
  return rows[0]!.count;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

it('lets a transaction that has read the inbox write to it, and creates the days afterwards', async () => {
  const floor = await timed(() => worker.query('select from inbox_events'));
  const made = repository.ensureDays(AHEAD);
  await waitUntilBlockedBy(system.database.url, await processOf(worker));
  const waited = await timed(() => worker.query(INSERT));
  await worker.query('commit');
  await made;
  expect(waited).toBeLessThan(LOCK_TIMEOUT_MS / 2 + 10 * floor);
  // Today's rows were inserted before its partition existed, so today has no partition of its own.
  expect(await days('inbox_events')).toBe(DAYS - 1);
  expect(await days('outbox_events')).toBe(DAYS);
});

it('does not block writers of the outbox while it waits for a reader of the inbox', async () => {
  const [tenant] = tenants(1);
  const write = () => timed(() => system.write(tenant!, aggregates(1)));
  const floor: number[] = [];
  for (let nth = 0; nth < 20; nth++) floor.push(await write());
  const made = repository.ensureDays(AHEAD);
  const waits: number[] = [];
  for (let nth = 0; nth < 20; nth++) {
    await pause(50);
    waits.push(await write());
  }
  await worker.query('commit');
  await made;
  // A blocked writer waits for the whole lock timeout; how long a free one takes on this machine was measured before.
  expect(Math.max(...waits)).toBeLessThan(LOCK_TIMEOUT_MS / 2 + 4 * Math.max(...floor));
  // Today's rows came first here as well.
  expect(await days('outbox_events')).toBe(DAYS - 1);
  // A day that was not created for lack of a lock is created by the next call.
  await repository.ensureDays(AHEAD);
  expect(await days('inbox_events')).toBe(DAYS);
});
