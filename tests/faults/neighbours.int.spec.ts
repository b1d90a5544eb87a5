/** A noisy tenant at most doubles the delay of others, and a consumer that has stopped delays no other consumer. */
import { emit } from '#platform/outbox';
import { RELAY_LIMITS } from '#platform/outbox/relay';
import { stockAdjusted } from '#contracts/stock/events';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { waitUntil } from '#testing/waiting';
import { type Aggregate, aggregates, CLEAN, FaultSystem, recorder, tenants } from './system.js';
import type { TenantId } from '#kernel';

let system: FaultSystem;

beforeEach(async () => {
  system = await FaultSystem.start(0);
});
afterEach(() => system.stop());

/** Writes many events in few transactions, as an import does. */
async function bulk(tenant: TenantId, products: readonly Aggregate[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await system.writers.transaction({ tenant, actor: { id: 'system:import' } }, async (tx) => {
      for (const product of products)
        emit(tx, stockAdjusted, { id: product.id, version: ++product.version }, stockAdjusted.example);
      await Promise.resolve();
    });
  }
}

async function effectsOf(tenant: TenantId): Promise<number> {
  const query = 'select count(*)::int as n from fault_effects where tenant_id = $1';
  return (await system.owner.query<{ n: number }>(query, [tenant])).rows[0]!.n;
}

async function applied(tenant: TenantId, count: number): Promise<void> {
  await waitUntil(`${count} are applied`, async () => (await effectsOf(tenant)) >= count, { pauseMs: 5 });
}

/** How many events of the noisy tenant were applied before the quiet tenant's first event, and before its last one. */
async function shareOf(own: TenantId, other: TenantId, count: number): Promise<{ first: number; last: number }> {
  const query = `
    select count(*) filter (where tenant_id = $1)::int as own, count(*) filter (where tenant_id = $2)::int as other
      from fault_effects`;
  let first: number | undefined;
  let last = 0;
  await waitUntil(
    `${count} are applied`,
    async () => {
      // One statement reads both: between two statements, thousands of events may be applied.
      const now = (await system.owner.query<{ own: number; other: number }>(query, [own, other])).rows[0]!;
      if (now.own > 0) first ??= now.other;
      last = now.other;
      return now.own >= count;
    },
    { pauseMs: 5 },
  );
  return { first: first!, last };
}

it('serves a quiet tenant in turn with one that has a long backlog', async () => {
  const [noisy, quiet] = tenants(2);
  await system.owner.query('create index on fault_effects (tenant_id)');
  const [QUIET_ROUNDS, NOISY_ROUNDS] = [sampleSize(3, 10), sampleSize(14, 30)];
  const QUIET_EVENTS = QUIET_ROUNDS * 1_000;
  const NOISY_EVENTS = NOISY_ROUNDS * 2_000;
  await bulk(noisy!, aggregates(2_000), NOISY_ROUNDS);
  await system.worker().start();
  await system.relay().start();
  await applied(noisy!, 4_000);
  await bulk(quiet!, aggregates(1_000), QUIET_ROUNDS);
  const { first, last } = await shareOf(quiet!, noisy!, QUIET_EVENTS);
  const meanwhile = last - first;
  await applied(noisy!, NOISY_EVENTS);
  const verdict = await system.verdict();
  printFigures(
    `while ${QUIET_EVENTS} events of the quiet tenant were applied, so were ${meanwhile} of the noisy one:`,
    verdict,
  );
  expect(verdict).toMatchObject(CLEAN);
  // The limit is counted in events, not in time, and from the first event on, so that a slow machine does not matter. It
  // allows one event of the noisy tenant per own event, plus the window and the worker's current batches.
  const ahead = RELAY_LIMITS.window.total + 5 * 2_000;
  expect(meanwhile).toBeLessThan(QUIET_EVENTS + ahead);
});

it('lets one consumer continue while another has stopped, and keeps the entries until that one has read them', async () => {
  const [store] = tenants(1);
  const products = aggregates(200);
  const subscriptions = { stock: ['stock'], sales: ['stock'] };
  await system.relay({ subscriptions }).start();
  await system.worker([recorder('stock')]).start();
  for (let round = 0; round < 20; round++) await system.write(store!, products);
  await system.quiet('stock');
  const withoutSales = await system.effects('sales');
  await system.worker([recorder('sales')]).start();
  await system.quiet('sales');
  const [stock, sales] = [await system.verdict('stock'), await system.verdict('sales')];
  printFigures('engine that stood still:', { before: withoutSales, stock, sales });
  expect(withoutSales).toBe(0);
  expect(stock).toMatchObject(CLEAN);
  expect(sales).toMatchObject({ ...CLEAN, events: 4_000 });
});
