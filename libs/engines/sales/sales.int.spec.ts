/** Baskets in, suggestions out, on a real database: the same whatever the batches, the order, or the way. */
import fc from 'fast-check';
import type { Envelope } from '#contracts/event';
import { EventScript, interleave } from '#testing/engines/event-script';
import { forgetTables, snapshotOf } from '#testing/engines/snapshot';
import { sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { sampleSize } from '#testing/sample';
import { salesEngine } from './worker.js';

let database: TestDatabase;
let engines: CrossTenantDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  engines = new CrossTenantDatabase({
    url: database.url,
    role: 'basecommerce_engines',
    application: 'sales-engine-spec',
  });
});

afterAll(async () => {
  await engines.close();
  await database.drop();
});

const TODAY = new Date('2026-11-20T18:00:00.000Z');
const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(TODAY.getTime() - days * DAY_MS);

const apply = (events: readonly Envelope[]) => engines.transaction((tx) => salesEngine.apply(tx, events));
const run = (tenant: string, asOf = TODAY) => engines.transaction((tx) => salesEngine.run(tx, tenant, asOf));

async function refreshAll(limit = 200): Promise<void> {
  while ((await engines.transaction((tx) => salesEngine.refresh(tx, limit))) > 0);
}

interface Shown {
  kind: string;
  subject: string;
  state: string;
  figures: Record<string, unknown>;
  worth_minor: bigint | null;
  action: Record<string, unknown>;
}

const insights = (tenant: string) =>
  engines.query(sql<Shown>`
    select kind, subject, state, figures, worth_minor, action from insights where tenant_id = ${tenant} order by kind, subject`);

const snapshot = (tenant: string) => snapshotOf(engines, 'sales', salesEngine.tables, tenant);

describe('the sales engine', () => {
  it('suggests what went along, with counts, confidence and lift, as soon as it has been seen three times', async () => {
    const script = new EventScript();
    const [cement, sand, tape] = [
      script.product({ name: 'Cement' }),
      script.product({ name: 'Sand' }),
      script.product({ name: 'Tape' }),
    ];
    for (const product of [cement, sand, tape]) script.receive(product, '100', daysAgo(9));
    const now = new Date();
    script
      .sell(
        [
          [cement, '1'],
          [sand, '2'],
        ],
        now,
      )
      .sell(
        [
          [cement, '1'],
          [sand, '2'],
        ],
        now,
      )
      .sell([[tape, '1']], now)
      .sell([[cement, '3']], now);
    await apply(script.events);
    await refreshAll();
    expect(await insights(script.tenantId)).toEqual([]);
    const third = new EventScript(script);
    third.sell(
      [
        [cement, '1'],
        [sand, '2'],
      ],
      now,
    );
    await apply(third.events);
    await refreshAll();
    const shown = await insights(script.tenantId);
    expect(shown.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['bought_together', `product/${cement}`],
      ['bought_together', `product/${sand}`],
    ]);
    expect(shown[0]).toMatchObject({
      state: 'open',
      figures: {
        baskets: 4,
        all_baskets: 5,
        // 3 of 4 with cement; sand is in 3 of 5: 0.75 ÷ 0.6.
        suggestions: [
          {
            product_id: sand,
            together: 3,
            confidence_percent: '75',
            support_percent: '60',
            lift: '1.25',
            band: 'strong',
            is_in_stock: true,
          },
        ],
      },
      // One basket went without; a tenth of them would take sand for 20.00.
      worth_minor: 200n,
      action: { type: 'offer_together', product_id: cement, partner_id: sand },
    });
  });

  it('puts what is in stock first, and forgets what left the window', async () => {
    const script = new EventScript();
    const [drill, bit, plug, filler] = [script.product(), script.product(), script.product(), script.product()];
    script
      .receive(drill, '100', daysAgo(95))
      .receive(bit, '9', daysAgo(95))
      .receive(plug, '99', daysAgo(95))
      .receive(filler, '99', daysAgo(95));
    for (let day = 89; day > 83; day -= 1) script.sell([[filler, '1']], daysAgo(day));
    for (let day = 89; day > 86; day -= 1)
      script.sell(
        [
          [drill, '1'],
          [bit, '3'],
          [plug, '1'],
        ],
        daysAgo(day),
      );
    await apply(script.events);
    await run(script.tenantId);
    const drillInsight = (await insights(script.tenantId)).find(({ subject }) => subject === `product/${drill}`)!;
    const named = (drillInsight.figures['suggestions'] as { product_id: string; is_in_stock: boolean }[]).map((s) => [
      s.product_id,
      s.is_in_stock,
    ]);
    expect(named).toEqual([
      [plug, true],
      [bit, false],
    ]);
    await run(script.tenantId, new Date(TODAY.getTime() + 2 * DAY_MS));
    expect((await insights(script.tenantId)).map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved']);
  });

  it('notices a customer who fell silent and a quote that is about to end', async () => {
    const script = new EventScript();
    const brick = script.product({ price: '2.50' });
    const customer = script.customer('Construtora Horizonte');
    script.receive(brick, '9999', daysAgo(200));
    for (const day of [130, 120, 110, 100]) script.sell([[brick, '100']], daysAgo(day), customer);
    script.sendQuote(customer, '980.00', daysAgo(8), new Date(TODAY.getTime() + 2 * DAY_MS));
    await apply(script.events);
    await run(script.tenantId);
    expect(await insights(script.tenantId)).toMatchObject([
      { kind: 'quote_ending', worth_minor: 98_000n, figures: { customer: 'Construtora Horizonte', days_left: 2 } },
      {
        kind: 'stopped_buying',
        worth_minor: 25_000n,
        figures: { interval_days: '10', silent_days: 100, orders: 4, usual_order: '250.00' },
      },
    ]);
  });

  it('ends with the same rows whatever the batches, the order between aggregates, and the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const [one, other] = [EventScript.random(seed, TODAY), EventScript.random(seed, TODAY)];
        await apply(one.events);
        await run(one.tenantId);
        for (const batch of interleave(other.events, seed)) {
          await apply(batch);
          if (batch.length % 2 === 0) await refreshAll(3);
        }
        await run(other.tenantId);
        const live = await snapshot(other.tenantId);
        expect(live).toBe(await snapshot(one.tenantId));
        await forgetTables(engines, salesEngine.tables, other.tenantId);
        for (const batch of interleave(other.events, seed + 1)) await apply(batch);
        await run(other.tenantId);
        expect(await snapshot(other.tenantId)).toBe(live);
      }),
      { numRuns: sampleSize(6, 12) },
    );
  });
});
