/** A noisy tenant delays others by no more than twice, and an engine that stands still delays nobody. */
import { emit } from '#platform/outbox';
import { RELAY_LIMITS } from '#platform/outbox/relay';
import { stockAdjusted } from '#contracts/stock/events';
import { type Aggregate, aggregates, CLEAN, FaultSystem, recorder, tenants } from './system.js';
import type { TenantId } from '#kernel';

let system: FaultSystem;

beforeEach(async () => {
  system = await FaultSystem.start(0);
});
afterEach(() => system.stop());

/** Many events in few transactions, as an import makes them. */
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
  for (const deadline = Date.now() + 30_000; (await effectsOf(tenant)) < count;) {
    if (Date.now() > deadline) throw new Error(`${await effectsOf(tenant)} of ${count} applied`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** How many of the other's events had been applied when the first and when the last of one's own were. */
async function shareOf(own: TenantId, other: TenantId, count: number): Promise<{ first: number; last: number }> {
  const query = `
    select count(*) filter (where tenant_id = $1)::int as own, count(*) filter (where tenant_id = $2)::int as other
      from fault_effects`;
  let first: number | undefined;
  for (const deadline = Date.now() + 60_000; ;) {
    // Both in one statement: between two of them a busy machine applies thousands.
    const now = (await system.owner.query<{ own: number; other: number }>(query, [own, other])).rows[0]!;
    if (now.own > 0) first ??= now.other;
    if (now.own >= count) return { first: first!, last: now.other };
    if (Date.now() > deadline) throw new Error(`${now.own} of ${count} applied`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it('serves a quiet tenant in turn with one that has a backlog of 60,000 events', async () => {
  const [noisy, quiet] = tenants(2);
  await system.owner.query('create index on fault_effects (tenant_id)');
  const QUIET_EVENTS = 10_000;
  await bulk(noisy!, aggregates(2_000), 30);
  await system.worker().start();
  await system.relay().start();
  await applied(noisy!, 4_000);
  await bulk(quiet!, aggregates(1_000), 10);
  const { first, last } = await shareOf(quiet!, noisy!, QUIET_EVENTS);
  const meanwhile = last - first;
  await applied(noisy!, 60_000);
  const verdict = await system.verdict();
  console.log(
    `while ${QUIET_EVENTS} events of the quiet tenant were applied, so were ${meanwhile} of the noisy one:`,
    verdict,
  );
  expect(verdict).toMatchObject(CLEAN);
  // Counted in events and not in time, and from its first event on, so that a busy machine does not matter: one of the
  // noisy tenant's for each of its own, and what was ahead of it: the window, and what the worker had in hand.
  const ahead = RELAY_LIMITS.window.total + 5 * 2_000;
  expect(meanwhile).toBeLessThan(QUIET_EVENTS + ahead);
}, 90_000);

it('lets one engine go on while another stands still, and keeps the entries until that one has read them', async () => {
  const [store] = tenants(1);
  const products = aggregates(200);
  const subscriptions = { stock: ['stock'], sales: ['stock'] };
  await system.relay({ subscriptions }).start();
  await system.worker([recorder('stock')]).start();
  for (let round = 0; round < 20; round++) await system.write(store!, products);
  await system.quiet(15_000, 'stock');
  const withoutSales = await system.effects('sales');
  await system.worker([recorder('sales')]).start();
  await system.quiet(15_000, 'sales');
  const [stock, sales] = [await system.verdict('stock'), await system.verdict('sales')];
  console.log('engine that stood still:', { before: withoutSales }, { stock, sales });
  expect(withoutSales).toBe(0);
  expect(stock).toMatchObject(CLEAN);
  expect(sales).toMatchObject({ ...CLEAN, events: 4_000 });
}, 40_000);
