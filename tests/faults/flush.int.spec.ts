/** Redis is transport, not storage: everything that it loses is published again from the outbox. */
import { StreamNames } from '#platform/streams';
import { printFigures } from '#testing/print';
import { waitUntil } from '#testing/waiting';
import { CLEAN, FaultSystem, recorder, steadyWriters, aggregates, tenants } from './system.js';

let system: FaultSystem;

beforeEach(async () => {
  system = await FaultSystem.start(10);
});
afterEach(() => system.stop());

/** The number of events in all streams; the field `n` of an entry is the number of its events. */
async function publishedEvents(names: StreamNames): Promise<number> {
  const entries = (await Promise.all(names.all.map((stream) => system.redis.xrange(stream, '-', '+')))).flat();
  return entries.reduce((sum, [, fields]) => sum + Number(fields[fields.indexOf('n') + 1]), 0);
}

it('loses nothing when Redis is flushed several times under load', async () => {
  await system.relay().start();
  await system.worker().start();
  const writers = steadyWriters(system, 4, 2);
  const FLUSHES = 8;
  for (let flush = 0; flush < FLUSHES; flush++) {
    await system.flows(200);
    // This file uses its own database of Redis, so FLUSHDB has the effect of FLUSHALL.
    await system.redis.flushdb();
  }
  await writers.stop();
  await system.quiet();
  const verdict = await system.verdict();
  printFigures(`flushes ${FLUSHES}:`, verdict);
  expect(verdict).toMatchObject(CLEAN);
  expect(verdict.events).toBeGreaterThan(1_000);
});

it('publishes again the events of single evicted streams and of a removed group', async () => {
  const names = new StreamNames(system.vertical, 8);
  const [store] = tenants(1);
  const products = aggregates(64);
  await system.relay().start();
  await system.write(store!, products);
  // The events are published and no consumer has taken them: the streams hold the only copy outside the outbox.
  await waitUntil('all are published', async () => (await publishedEvents(names)) === products.length);
  await system.redis.del(names.stream(0), names.stream(1));
  await system.redis.xgroup('DESTROY', names.stream(2), 'stock');
  await system.worker().start();
  await system.write(store!, products);
  await system.quiet();
  const verdict = await system.verdict();
  printFigures('evicted 2 streams, removed 1 group:', verdict);
  expect(verdict).toMatchObject(CLEAN);
  expect(verdict.events).toBe(128);
});

it('applies entries once although all of them were published twice and read in reverse', async () => {
  const names = new StreamNames(system.vertical, 8);
  const [store] = tenants(1);
  const products = aggregates(20);
  const relay = system.relay();
  for (let round = 0; round < 10; round++) await system.write(store!, products);
  await relay.drain();
  for (const stream of names.all) {
    const entries = await system.redis.xrange(stream, '-', '+');
    for (const [, fields] of entries.toReversed()) {
      const events = JSON.parse(`[${fields[3]}]`) as unknown[];
      for (const event of events.toReversed()) await system.redis.xadd(stream, '*', 'n', 1, 'e', JSON.stringify(event));
    }
    for (const [id] of entries) await system.redis.xdel(stream, id);
    for (const [, fields] of entries) await system.redis.xadd(stream, '*', ...fields);
  }
  await system.worker([recorder()]).drain();
  const verdict = await system.verdict();
  printFigures('reversed and doubled:', verdict);
  expect(verdict).toMatchObject(CLEAN);
  expect(verdict.events).toBe(200);
});
