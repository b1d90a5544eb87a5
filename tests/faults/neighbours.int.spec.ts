/** A noisy tenant delays others by no more than twice, and an engine that stands still delays nobody. */
import { emit } from '#platform/outbox';
import { stockAdjusted } from '#contracts/events/stock';
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

async function appliedWithin(tenant: TenantId, count: number): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const { rows } = await system.owner.query<{ n: number }>(
      'select count(*)::int as n from fault_effects where tenant_id = $1',
      [tenant],
    );
    if (rows[0]!.n >= count) return performance.now() - startedAt;
    if (performance.now() - startedAt > 30_000) throw new Error(`${rows[0]!.n} of ${count} applied`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it('serves a quiet tenant at half speed at worst while another has a backlog of 60,000 events', async () => {
  const [alone, noisy, quiet] = tenants(3);
  await system.owner.query('create index on fault_effects (tenant_id)');
  const QUIET_EVENTS = 5_000;
  await bulk(alone!, aggregates(1_000), 5);
  const worker = system.worker();
  const relay = system.relay();
  await worker.start();
  await relay.start();
  const byItself = await appliedWithin(alone!, QUIET_EVENTS);
  await relay.stop();

  await bulk(noisy!, aggregates(2_000), 30);
  const again = system.relay();
  await again.start();
  await appliedWithin(noisy!, 4_000);
  await bulk(quiet!, aggregates(1_000), 5);
  const beside = await appliedWithin(quiet!, QUIET_EVENTS);
  const { rows } = await system.owner.query<{ n: number }>(
    'select count(*)::int as n from fault_effects where tenant_id = $1',
    [noisy],
  );
  const backlog = 60_000 - rows[0]!.n;
  await appliedWithin(noisy!, 60_000);
  console.log(
    `quiet tenant: ${Math.round(byItself)} ms alone, ${Math.round(beside)} ms beside a backlog (${backlog} of it still waiting):`,
    await system.verdict(),
  );
  expect(await system.verdict()).toMatchObject(CLEAN);
  // What is in the window when the quiet tenant arrives is ahead of it; that much is allowed on top of the half share.
  expect(beside).toBeLessThan(2 * byItself + 500);
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
