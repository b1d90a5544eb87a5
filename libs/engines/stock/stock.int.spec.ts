/** Facts in, insights out, on a real database: the same whatever the batches, the order between aggregates, or the way. */
import fc from 'fast-check';
import type { Envelope } from '#contracts/event';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { sql } from '#platform/database';
import { EventScript, interleave } from '#testing/engines/event-script';
import { forgetTables, snapshotOf } from '#testing/engines/snapshot';
import { sampleSize } from '#testing/sample';
import { stockEngine } from './worker.js';

let database: TestDatabase;
let engines: CrossTenantDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  engines = new CrossTenantDatabase({
    url: database.url,
    role: 'basecommerce_engines',
    application: 'stock-engine-spec',
  });
});

afterAll(async () => {
  await engines.close();
  await database.drop();
});

const TODAY = new Date('2026-11-20T18:00:00.000Z');

async function apply(events: readonly Envelope[]): Promise<void> {
  await engines.transaction((tx) => stockEngine.apply(tx, events));
}

async function refreshAll(limit = 200): Promise<number> {
  for (let all = 0; ;) {
    const done = await engines.transaction((tx) => stockEngine.refresh(tx, limit));
    if (done === 0) return all;
    all += done;
  }
}

const run = (tenant: string, asOf = TODAY) => engines.transaction((tx) => stockEngine.run(tx, tenant, asOf));

interface Shown {
  kind: string;
  state: string;
  subject: string;
  figures: Record<string, unknown>;
  worth_minor: bigint | null;
  action: Record<string, unknown>;
}

const insights = (tenant: string) =>
  engines.query(sql<Shown>`
    select kind, state, subject, figures, worth_minor, action from insights where tenant_id = ${tenant} order by kind, subject`);

const snapshot = (tenant: string) => snapshotOf(engines, 'stock', stockEngine.tables, tenant);

describe('the stock engine', () => {
  it('explains the excess of a product of which 100 came and 10 were sold', async () => {
    const script = new EventScript();
    const cement = script.product({ name: 'Cimento CP II 50 kg', price: '32.00' });
    const now = new Date();
    script
      .tenant()
      .receive(cement, '100', now)
      .sell([[cement, '10']], now);
    await apply(script.events);
    expect(await refreshAll()).toBe(1);
    const [excess, ...others] = await insights(script.tenantId);
    expect(others).toEqual([]);
    expect(excess).toMatchObject({
      kind: 'excess',
      state: 'open',
      // Ten sold count over 28 days: 2.5 in a lead time of 7, maximum 2 × 2.5 + 0.5, 84 whole pieces beyond it.
      figures: {
        available: '90',
        days: '252',
        maximum: '5.5',
        excess: '84',
        tied_up: '2688.00',
        cost_source: 'list_price',
      },
      worth_minor: 268_800n,
      action: { type: 'hold_purchases', quantity: '84' },
    });
  });

  it('warns of a rupture, suggests the purchase, and resolves both when goods arrive', async () => {
    const script = new EventScript();
    const tile = script.product({ unit: 'MTK', price: '50' });
    script.tenant().receive(tile, '100', daysAgo(89), '30');
    for (let day = 88; day > 0; day -= 1) script.sell([[tile, '1']], daysAgo(day));
    await apply(script.events);
    await run(script.tenantId);
    const open = await insights(script.tenantId);
    expect(open.map(({ kind, state }) => [kind, state])).toEqual([['rupture', 'open']]);
    expect(open[0]!.figures).toMatchObject({ available: '12', risk: 'medium', sold: '88', window_days: 90 });
    const more = new EventScript(script);
    more.sell([[tile, '6']], TODAY);
    await apply(more.events);
    await run(script.tenantId);
    const pressing = await insights(script.tenantId);
    expect(pressing.map(({ kind, figures }) => [kind, figures['risk'] ?? figures['suggestion']])).toEqual([
      ['replenishment', expect.stringMatching(/^9\.\d+$/)],
      ['rupture', 'high'],
    ]);
    const arrival = new EventScript(script);
    arrival.receive(tile, '10', TODAY);
    await apply(arrival.events);
    await run(script.tenantId);
    expect((await insights(script.tenantId)).map(({ kind, state }) => [kind, state])).toEqual([
      ['excess', 'open'],
      ['replenishment', 'resolved'],
      ['rupture', 'resolved'],
    ]);
  });

  it('names stock that no longer sells, at what it last cost', async () => {
    const script = new EventScript();
    const paint = script.product({ price: '80' });
    script
      .tenant()
      .receive(paint, '12', daysAgo(200), '41.50')
      .sell([[paint, '2']], daysAgo(61));
    await apply(script.events);
    await run(script.tenantId);
    expect(await insights(script.tenantId)).toMatchObject([
      {
        kind: 'idle',
        worth_minor: 41_500n,
        figures: { on_hand: '10', idle_days: 61, cost_source: 'last_receipt', unit_cost: '41.50' },
      },
    ]);
  });

  it('puts a sale on the day it had at the store, even when the time zone is heard of later', async () => {
    const script = new EventScript();
    const sand = script.product();
    // 01:30 UTC on the 20th is the evening of the 19th in São Paulo and the morning of the 20th in Tokyo.
    const noon = new Date('2026-11-20T12:00:00.000Z'); // the 20th in both
    script.receive(sand, '50', daysAgo(40)).sell([[sand, '5']], new Date('2026-08-23T01:30:00.000Z'));
    await apply(script.events);
    await run(script.tenantId, noon);
    expect(await windowQuantity(script.tenantId)).toBe('0.000');
    const late = new EventScript(script);
    late.tenant('Asia/Tokyo');
    await apply(late.events);
    await run(script.tenantId, noon);
    expect(await windowQuantity(script.tenantId)).toBe('5.000');
  });

  it('takes the nearest parameters: product, then category, then the trade of the tenant', async () => {
    const script = new EventScript();
    const beam = script.product({ category: 'steel' });
    script
      .tenant()
      .receive(beam, '100', daysAgo(100))
      .sell([[beam, '90']], daysAgo(10));
    await apply(script.events);
    const set = (scope: string, key: string, trade: string | null, days: number | null) =>
      asOwner(
        `insert into stock_engine_parameters values ('${script.tenantId}', '${scope}', '${key}', ${trade ? `'${trade}'` : 'null'}, ${days}, null)`,
      );
    await set('tenant', '', 'electronics', null);
    await run(script.tenantId);
    expect(await plan(script.tenantId)).toMatchObject({
      lead_time_days: 15,
      safety_percent: '30.00',
      minimum: '19.500',
    });
    await set('category', 'steel', null, 10);
    await run(script.tenantId);
    expect(await plan(script.tenantId)).toMatchObject({
      lead_time_days: 10,
      safety_percent: '30.00',
      minimum: '13.000',
    });
  });

  it('ends with the same rows whatever the batches, the order between aggregates, and the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const one = EventScript.random(seed, TODAY);
        const other = EventScript.random(seed, TODAY);
        // In one go, passed once.
        await apply(one.events);
        await run(one.tenantId);
        // In random batches of another interleaving, refreshed in between, passed at the end.
        for (const batch of interleave(other.events, seed)) {
          await apply(batch);
          if (batch.length % 2 === 0) await refreshAll(3);
        }
        await run(other.tenantId);
        const live = await snapshot(other.tenantId);
        expect(live).toBe(await snapshot(one.tenantId));
        // Rebuilt from nothing while its insights stand.
        await forgetTables(engines, stockEngine.tables, other.tenantId);
        for (const batch of interleave(other.events, seed + 1)) await apply(batch);
        await run(other.tenantId);
        expect(await snapshot(other.tenantId)).toBe(live);
      }),
      { numRuns: sampleSize(6, 12) },
    );
  });

  it('gives the same by refresh alone as by a pass of the same day', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const now = new Date();
        const [one, other] = [EventScript.random(seed, now), EventScript.random(seed, now)];
        for (const batch of interleave(one.events, seed)) {
          await apply(batch);
          await refreshAll(2);
        }
        await apply(other.events);
        await run(other.tenantId, now);
        expect(await snapshot(one.tenantId)).toBe(await snapshot(other.tenantId));
      }),
      { numRuns: sampleSize(3, 6) },
    );
  });

  it('tells the insights of a product anew when the sales of another change its class', async () => {
    const script = new EventScript();
    const now = new Date();
    const [nail, crane] = [script.product({ price: '1.00' }), script.product({ price: '500.00' })];
    script
      .tenant()
      .receive(nail, '9000', now)
      .receive(crane, '50', now)
      .sell([[nail, '100']], now);
    await apply(script.events);
    await refreshAll();
    const classOfNail = async () => {
      const shown = await insights(script.tenantId);
      return shown.find(({ subject, state }) => subject === `product/${nail}` && state === 'open')!.figures['class'];
    };
    expect(await classOfNail()).toBe('A');
    const deal = new EventScript(script);
    deal.sell([[crane, '10']], now);
    await apply(deal.events);
    expect(await refreshAll()).toBe(1);
    expect(await classOfNail()).toBe('C');
  });

  it('lets one transaction at a time review a tenant, and loses nothing that the other skipped', async () => {
    const script = EventScript.random(4711, new Date());
    await apply(script.events);
    await Promise.all([refreshAll(3), refreshAll(3), refreshAll(3)]);
    const [row] = await engines.query(sql<{ stale: bigint }>`
      select count(*) as stale from stock_engine_products where tenant_id = ${script.tenantId} and is_stale`);
    expect(row).toEqual({ stale: 0n });
  });
});

function daysAgo(days: number): Date {
  return new Date(TODAY.getTime() - days * 86_400_000);
}

async function plan(tenant: string) {
  return engines.first(sql<Record<string, unknown>>`select * from stock_engine_plans where tenant_id = ${tenant}`);
}

async function windowQuantity(tenant: string) {
  return (await plan(tenant))!['window_quantity'];
}

async function asOwner(statement: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
