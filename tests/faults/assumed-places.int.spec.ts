/** A worker applies events before the gate has answered. A wrong assumption must leave no effect. */
import type { EventConsumer } from '#platform/inbox';
import type { Worker } from '#platform/inbox/worker';
import type { Relay } from '#platform/outbox/relay';
import { waitUntil } from '#testing/waiting';
import { type Aggregate, aggregates, CLEAN, FaultSystem, recorder, tenants } from './system.js';

let system: FaultSystem;
let relay: Relay;
let worker: Worker;
/** The versions that the worker's engine received, in order. */
let received: number[];
const [store] = tenants(1);

beforeEach(async () => {
  system = await FaultSystem.start(0);
  relay = system.relay();
  received = [];
  worker = system.worker([listening(received)]);
});
afterEach(() => system.stop());

function listening(heard: number[]): EventConsumer {
  const engine = recorder();
  return {
    ...engine,
    apply(tx, events) {
      heard.push(...events.map((event) => event.aggregateversion));
      return engine.apply(tx, events);
    },
  };
}

/** Writes the next version of each aggregate and brings it through relay and streams. */
async function publish(all: readonly Aggregate[]): Promise<void> {
  await system.write(store!, all);
  await relay.drain();
}

/** Publishes every event again, as a relay does that has lost its position. */
async function repeat(): Promise<void> {
  await system.owner.query('delete from relay_positions');
  await relay.drain();
}

it('calls the handler while the gate has not answered, and commits nothing before it has', async () => {
  const [product] = aggregates(1);
  await publish([product!]);
  await worker.drain();
  const lock = await system.owner.connect();
  await lock.query('begin; lock table engine_versions in access exclusive mode');
  await publish([product!]);
  const draining = worker.drain();
  await waitUntil('the handler was called', () => received.length >= 2);
  const heard = [...received];
  const { rows } = await lock.query('select version from fault_effects');
  await lock.query('rollback');
  lock.release();
  await draining;
  expect(heard).toEqual([1, 2]);
  expect(rows).toEqual([{ version: 1 }]);
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 2, effects: 2 });
});

it('rolls back what it did for an event that another worker had applied', async () => {
  const all = aggregates(3);
  await publish(all);
  await worker.drain();
  await system.owner.query(
    'update consumer_leases set holder = null, epoch = epoch + 1, expires_at = clock_timestamp()',
  );
  await system.owner.query('delete from consumer_members');
  const other = system.worker();
  await publish(all);
  await other.drain();
  await other.stop();
  await repeat();
  await worker.drain();
  // It assumed the first version, so it tried the second one and rolled it back.
  expect(received).toEqual([1, 1, 1, 2, 2, 2]);
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 6, effects: 6 });
});

it('applies again what a crash of PostgreSQL has undone', async () => {
  const all = aggregates(3);
  await publish(all);
  await worker.drain();
  await publish(all);
  await worker.drain();
  // The commit does not wait for the disk. Effects, inbox and gate are lost together, but this worker remembers the place.
  await system.owner.query(`
    delete from inbox_events where event_id in (select event_id from fault_effects where version = 2);
    delete from fault_effects where version = 2;
    update engine_versions set version = 1`);
  await repeat();
  await worker.drain();
  expect(received).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 2]);
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 6, effects: 6 });
});

it('assumes that an unknown aggregate is new, and detects when it is not', async () => {
  const all = aggregates(3);
  await publish(all);
  const other = system.worker();
  await other.drain();
  await other.stop();
  await repeat();
  await worker.drain();
  expect(received).toEqual([1, 1, 1]);
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 3, effects: 3 });
});
