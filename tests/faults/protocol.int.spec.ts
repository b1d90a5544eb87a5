/** Each guarantee of the protocol alone, in a situation in which no other one could hide its failure. */
import pg from 'pg';
import { DomainError } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { BEGINNING, RelayRepository } from '#platform/outbox/relay';
import { EventStreams, StreamNames } from '#platform/streams';
import { waitUntil } from '#testing/waiting';
import { aggregates, CLEAN, FaultSystem, PARTITIONS, recorder, tenants } from './system.js';

let system: FaultSystem;
let streams: EventStreams;

beforeEach(async () => {
  system = await FaultSystem.start(0);
  streams = new EventStreams(system.redis, new StreamNames(system.vertical, PARTITIONS));
});
afterEach(() => system.stop());

const pendingEntries = async () =>
  (await streams.survey(['stock'])).reduce((sum, place) => sum + place.groups[0]!.pending, 0);
const entries = async () => (await streams.survey(['stock'])).reduce((sum, place) => sum + place.length, 0);

it('reads an event that was written before and committed after the events it has already read', async () => {
  const [store] = tenants(1);
  const [late, early] = aggregates(2);
  const relay = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_relay',
    application: 'faults relay',
  });
  const repository = new RelayRepository(relay, system.vertical, PARTITIONS);
  // It waits before the commit, with a lower sequence number and transaction id than the other transaction.
  const lingering = new pg.Client({ connectionString: system.database.url });
  await lingering.connect();
  await lingering.query('begin');
  await lingering.query(
    `insert into outbox_events (recorded_on, tenant_id, id, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, actor, data)
     values (current_date, $1, gen_random_uuid(), 'stock.adjusted', 1, 'stock', $2, 1, now(), 'system:test', '{}')`,
    [store, late!.id],
  );
  await system.write(store!, [early!]);
  const reading = { tenant: undefined, except: [], until: undefined, after: undefined };
  const first = await repository.read({ ...reading, since: BEGINNING });
  await lingering.query('commit');
  await lingering.end();
  const second = await repository.read({ ...reading, since: first.until });
  const third = await repository.read({ ...reading, since: second.until });
  await relay.close();
  expect(first.packs.map((pack) => pack.events)).toEqual([expect.stringContaining(early!.id)]);
  expect(second.packs.map((pack) => pack.events)).toEqual([expect.stringContaining(late!.id)]);
  expect(third.packs).toEqual([]);
});

it('leaves entries unacknowledged until their effects are committed', async () => {
  const [store] = tenants(1);
  let [isAway, calls] = [true, 0];
  const engine = recorder();
  const flaky = {
    ...engine,
    apply: async (...args: Parameters<typeof engine.apply>) => {
      await engine.apply(...args);
      calls += 1;
      if (isAway) throw new DomainError('database_unavailable', 'unavailable', 'away');
    },
  };
  await system.write(store!, aggregates(5));
  await system.relay().drain();
  await system.worker([flaky]).start();
  await waitUntil('the engine was called', () => calls > 0);
  expect(await pendingEntries()).toBeGreaterThan(0);
  expect(await system.effects()).toBe(0);
  isAway = false;
  await system.quiet();
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 5 });
});

it('gives a group all entries that were in the stream before the group existed', async () => {
  await streams.redis.xadd(streams.names.stream(3), '*', 'n', 1, 'e', '{}');
  await streams.ensureGroups(['stock']);
  expect(await streams.readNew(streams.redis, 'stock', [3], 10, 0)).toMatchObject([{ partition: 3, events: '{}' }]);
});

it('trims entries that every expected group has acknowledged, and no others', async () => {
  const [store] = tenants(1);
  const relay = system.relay({ subscriptions: { stock: ['stock'], sales: ['stock'] } });
  await system.write(store!, aggregates(30));
  await relay.drain();
  await system.worker().drain();
  await streams.survey(['stock', 'sales'], 'trim');
  const kept = await entries();
  await system.worker([recorder('sales')]).drain();
  await streams.survey(['stock', 'sales'], 'trim');
  expect(kept).toBeGreaterThan(0);
  expect(await entries()).toBe(0);
});

it('refuses to publish with a lower fencing token, and with any token after Redis has lost it', async () => {
  const entry = { partition: 0, count: 1, events: '{}' };
  expect(await streams.announceRelay(7)).toBe(true);
  expect(await streams.announceRelay(6)).toBe(false);
  expect(await streams.publish(6, [entry])).toMatchObject({ answer: 'SUPERSEDED', ids: [] });
  expect(await streams.publish(7, [entry])).toMatchObject({ answer: 'OK', ids: [expect.any(String)] });
  await streams.redis.del(streams.names.relayFencingToken);
  expect(await streams.publish(7, [entry])).toMatchObject({ answer: 'NO_TOKEN', ids: [] });
});

it('starts at the first remaining version when retention has dropped the beginning of an aggregate', async () => {
  const [store] = tenants(1);
  const [product] = aggregates(1);
  for (let version = 1; version <= 6; version++) await system.write(store!, [product!]);
  await system.owner.query('delete from outbox_events where aggregate_version <= 4');
  await system.relay().start();
  await system.worker().start();
  await system.quiet();
  const { rows } = await system.owner.query(`select version, baseline from engine_versions`);
  expect(rows).toEqual([{ version: 6, baseline: 4 }]);
  expect((await system.owner.query('select version from fault_effects order by position')).rows).toEqual([
    { version: 5 },
    { version: 6 },
  ]);
});

it('drops days older than the retention, and none that a consumer still needs', async () => {
  const [store] = tenants(1);
  await system.owner.query(
    `select app.ensure_outbox_days('2026-01-01', '2026-01-03'), app.ensure_inbox_days('2026-01-01', '2026-01-03')`,
  );
  await system.write(store!, aggregates(3));
  await system.owner.query(`
    insert into outbox_events (recorded_on, tenant_id, id, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, actor, data)
    select '2026-01-02', tenant_id, gen_random_uuid(), type, 1, aggregate, gen_random_uuid(), 1, now(), actor, data from outbox_events limit 1`);
  const crossing = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_relay',
    application: 'faults relay',
  });
  const repository = new RelayRepository(crossing, system.vertical, PARTITIONS);
  const days = async () =>
    (
      await system.owner.query(
        `select relname from pg_class where relname ~ '^(outbox|inbox)_events_202601' and relkind = 'r' order by 1`,
      )
    ).rows.map((row: { relname: string }) => row.relname);
  // The first day is empty; the second one has an event that no consumer has confirmed.
  expect(await repository.dropDays(30)).toBe(1);
  expect(await days()).toEqual([
    'inbox_events_20260102',
    'inbox_events_20260103',
    'outbox_events_20260102',
    'outbox_events_20260103',
  ]);
  const epoch = await repository.claim('test', 1_000);
  await repository.saveConfirmation(
    epoch!,
    'stock',
    (await system.owner.query<{ s: string }>('select pg_current_snapshot()::text as s')).rows[0]!.s,
  );
  expect(await repository.dropDays(30)).toBe(2);
  await crossing.close();
  expect(await days()).toEqual([]);
});

it('deletes idempotency keys older than their retention, in the relay that leads', async () => {
  const keys = async () =>
    (await system.owner.query<{ key: string }>('select key from idempotency_records order by key')).rows;
  await system.owner.query(`
    insert into idempotency_records (tenant_id, actor, key, fingerprint, answer, recorded_at)
    select gen_random_uuid(), 'user:ana', age, 'f', '{}', now() - age::interval from unnest(array['6 days', '8 days']) age`);
  await system.relay().start();
  await waitUntil('the older key is deleted', async () => (await keys()).length < 2);
  expect(await keys()).toEqual([{ key: '6 days' }]);
});
