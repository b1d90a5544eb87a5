/** A poison event delays its own aggregate and no other. An operator sees it, and replays it or drops it. */
import { CrossTenantDatabase } from '#platform/database/crossing';
import { dropDeadLetter, findDeadLetter, listDeadLetters, replayDeadLetter } from '#platform/inbox/operator';
import { printFigures } from '#testing/print';
import { waitUntil } from '#testing/waiting';
import { aggregates, CLEAN, FaultSystem, recorder, tenants } from './system.js';

let system: FaultSystem;
let operator: CrossTenantDatabase;

beforeEach(async () => {
  system = await FaultSystem.start(0);
  operator = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_operator',
    application: 'faults operator',
  });
});
afterEach(async () => {
  await operator.close();
  await system.stop();
});

const deadLetters = () => operator.transaction((tx) => listDeadLetters(tx, { state: 'dead' }));

async function poisoned() {
  const [store] = tenants(1);
  const products = aggregates(40);
  const bad = products[7]!.id;
  let isCured = false;
  const engine = recorder(
    'stock',
    (event) => !isCured && event.subject === `stock/${bad}` && event.aggregateversion === 3,
  );
  for (let round = 0; round < 6; round++) await system.write(store!, products);
  await system.relay().start();
  await system.worker([engine]).start();
  await waitUntil('one event is dead', async () => (await deadLetters()).length === 1);
  return { bad, store: store!, cure: () => (isCured = true) };
}

it('applies everything except the poison event and the later events of its aggregate', async () => {
  const { bad } = await poisoned();
  const verdict = await system.verdict();
  const [letter] = await deadLetters();
  printFigures('one poison event among 240:', { ...verdict, attempts: letter!.attempts });
  expect(letter).toMatchObject({
    engine: 'stock',
    aggregate_id: bad,
    aggregate_version: 3,
    type: 'stock.adjusted',
    attempts: 3,
  });
  expect(letter!.error).toContain('refused on purpose');
  // Of one aggregate out of forty: version 3 (dead) and the waiting versions 4, 5 and 6.
  expect(verdict).toMatchObject({ events: 240, effects: 236, doubled: 0, reordered: 0, held: 4 });
});

it('applies a replayed event and then the events that waited behind it, in order', async () => {
  const { cure } = await poisoned();
  cure();
  const [letter] = await deadLetters();
  const shown = await operator.transaction((tx) => findDeadLetter(tx, letter!));
  expect(JSON.parse(shown.body)).toMatchObject({ id: letter!.event_id, aggregateversion: 3 });
  await operator.transaction((tx) => replayDeadLetter(tx, letter!, 'operator:test'));
  await system.quiet();
  await waitUntil('no event is held', async () => (await system.verdict()).held === 0);
  const verdict = await system.verdict();
  printFigures('replayed:', verdict);
  expect(verdict).toMatchObject({ ...CLEAN, events: 240 });
});

it('records a dropped event as dropped and lets its aggregate continue', async () => {
  await poisoned();
  const [letter] = await deadLetters();
  await operator.transaction((tx) => dropDeadLetter(tx, letter!, 'operator:test'));
  await waitUntil('no event is held', async () => (await system.verdict()).held === 0);
  const verdict = await system.verdict();
  const { rows } = await system.owner.query(`select outcome from inbox_events where event_id = $1`, [letter!.event_id]);
  printFigures('dropped:', verdict);
  expect(rows).toEqual([{ outcome: 'dropped' }]);
  // The dropped event has no effect, so the next one follows version 2.
  expect(verdict).toMatchObject({
    events: 240,
    effects: 239,
    lost: 1,
    doubled: 0,
    reordered: 1,
    unrecorded: 0,
    held: 0,
  });
});
