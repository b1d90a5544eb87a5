/** Entries that no relay has written, generated, beside real events: they are skipped and counted, and every event is applied. */
import fc from 'fast-check';
import { newId } from '#kernel';
import { EventStreams, foreignEntries, StreamNames } from '#platform/streams';
import { sampleSize } from '#testing/sample';
import { waitUntil } from '#testing/waiting';
import { aggregates, CLEAN, FaultSystem, PARTITIONS, recorder, tenants } from './system.js';

let system: FaultSystem;
beforeEach(async () => void (system = await FaultSystem.start(0)));
afterEach(() => system.stop());

const envelope = () => ({
  specversion: '1.0',
  id: newId(),
  type: 'stock.adjusted',
  subject: `stock/${newId()}`,
  tenantid: newId(),
  aggregateversion: 1,
  data: {},
});

const noNumber = fc.constantFrom('', '0', '-1', '1.5', 'NaN', 'Infinity', '1e9', '0x10', ' 1', '99999999999999999999');
const noId = fc.constantFrom<unknown>('', 'x', 7, null, undefined, {}, 'ffffffff-ffff-4fff-bfff-ffffffffffff\0');
const wrongEnvelope = fc.oneof(
  fc.record({ id: fc.oneof(noId, fc.constant('ffffffff-ffff-7fff-bfff-ffffffffffff')) }),
  fc.record({ tenantid: noId }),
  fc.record({ subject: fc.oneof(noId, fc.constantFrom('stock/x', `/${newId()}`, newId(), 'stock/')) }),
  fc.record({ type: fc.constantFrom<unknown>(undefined, 7, 'a\0b', '\ud800', null) }),
  fc.record({ aggregateversion: fc.constantFrom<unknown>(undefined, '1', 0, -1, 1.5, 2 ** 31, 1e300, null) }),
);
const wrongEvents = fc.oneof(
  wrongEnvelope.map((wrong) => JSON.stringify({ ...envelope(), ...wrong })),
  fc.constantFrom('', '{nope', 'null', '1],[2', '{}', '[]', '"e"'),
  fc.string(),
);

/** Names and values of an entry. At least one thing in it is wrong. */
const foreign: fc.Arbitrary<readonly string[]> = fc.oneof(
  fc.constant(['foo', 'bar']),
  fc.constantFrom(['n', '1'], ['e', 'n'], ['r', 'e'], ['x', 'n', 'e', 'n']),
  fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1, maxLength: 5 }).map((pairs) => pairs.flat()),
  noNumber.map((count) => ['n', count, 'e', JSON.stringify(envelope()), 'r', '1']),
  fc.integer({ min: 2, max: 99_999 }).map((count) => ['n', String(count), 'e', JSON.stringify(envelope())]),
  noNumber.map((epoch) => ['n', '1', 'e', JSON.stringify(envelope()), 'r', epoch]),
  fc.integer({ min: 2 }).map((epoch) => ['n', '1', 'e', JSON.stringify(envelope()), 'r', String(epoch)]),
  wrongEvents.map((events) => ['n', '1', 'e', events, 'r', '1']),
);

async function counted(reader: string): Promise<number> {
  const { values } = await foreignEntries.get();
  return values.find(({ labels }) => labels['reader'] === reader)?.value ?? 0;
}

const streams = () => new EventStreams(system.redis, new StreamNames(system.vertical, PARTITIONS));

async function invade(entries: readonly (readonly string[])[]): Promise<void> {
  const { all } = streams().names;
  const pipeline = system.redis.pipeline();
  entries.forEach((fields, index) => pipeline.xadd(all[index % all.length]!, '*', ...fields));
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}

it('are skipped and counted, and no partition waits for one', async () => {
  const [store] = tenants(1);
  const products = aggregates(40);
  const samples = fc.sample(foreign, sampleSize(600, 10_000));
  await system.relay().start();
  await system.worker([recorder()]).start();
  const before = await counted('stock');
  for (let round = 0; round < 6; round++) {
    await system.write(store!, products);
    await invade(samples.filter((_, index) => index % 6 === round));
  }
  await system.write(store!, products);
  await system.quiet();
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 280, effects: 280 });
  await waitUntil('nothing is pending', async () =>
    (await streams().survey(['stock'])).every(({ groups }) => groups[0]!.pending === 0),
  );
  expect((await counted('stock')) - before).toBeGreaterThanOrEqual(samples.length);
});

it('do not keep a relay from beginning its term, nor do unreadable marks', async () => {
  const [store] = tenants(1);
  const products = aggregates(8);
  const first = system.relay();
  await first.start();
  await system.worker([recorder()]).start();
  await system.write(store!, products);
  await system.quiet();
  await first.stop();
  const before = await counted('relay');
  await invade(fc.sample(foreign, 200));
  await system.relay().start();
  await system.write(store!, products);
  await system.quiet();
  expect(await counted('relay')).toBeGreaterThan(before);
  for (const facts of [{ epoch: 'NaN' }, { count: 'x' }, { last: '{nope' }, { last: '["foo"]' }, { term: 'me' }]) {
    const relay = system.relay();
    await system.redis.hset(streams().names.recovery, facts);
    await relay.start();
    await system.write(store!, products);
    await system.quiet();
  }
  expect(await system.verdict()).toMatchObject(CLEAN);
});
