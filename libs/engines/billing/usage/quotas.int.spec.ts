/** The worker’s metric of stores that have exhausted a quota. */
import pg from 'pg';
import { register } from 'prom-client';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { measureQuotas } from './usecases/measure-quotas.js';

let database: TestDatabase;
let engines: CrossTenantDatabase;
let owner: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Pool({ connectionString: database.url, max: 1 });
  engines = new CrossTenantDatabase({ url: database.url, role: 'basecommerce_engines', application: 'quota-metrics' });
});

afterAll(async () => {
  await engines.close();
  await owner.end();
  await database.drop();
});

/** A store that has used this many of 15 orders, in the current period or in one that is over. */
async function store(used: number, hard: number, isOver = false): Promise<void> {
  const [tenant, subscription] = [newId(), newId()];
  const [from, to] = isOver
    ? ["now() - interval '60 days'", "now() - interval '30 days'"]
    : ["now() - interval '10 days'", "now() + interval '20 days'"];
  await owner.query(
    `insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
     values ($1, $2, current_date - 60, 1, now() - interval '60 days', now() + interval '1 year')`,
    [tenant, subscription],
  );
  await owner.query(
    `insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version)
     values ($1, $2, 0, ${from}, ${to}, 'UTC', 'test')`,
    [tenant, subscription],
  );
  await owner.query(
    `insert into billing_usage_counters (tenant_id, subscription_id, period_seq, meter, used, included, soft, hard)
     values ($1, $2, 0, 'orders', $3, least(10, $4::bigint), least(12, $4::bigint), $4)`,
    [tenant, subscription, used, hard],
  );
}

async function exhausted(now: number): Promise<Record<string, number>> {
  await measureQuotas(engines, now);
  const { values } = await register.getSingleMetric('billing_exhausted_quotas')!.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels['meter']), value]));
}

it('counts the stores that used all of a meter in the current period, and queries at most once a minute', async () => {
  await store(15, 15);
  await store(17, 15);
  await store(14, 15);
  await store(15, 15, true);
  // A plan without this meter: nothing was used, so no request was refused.
  await store(0, 0);
  const minute = 60_000;
  expect(await exhausted(minute)).toMatchObject({ orders: 2, quotes: 0 });
  await store(15, 15);
  expect(await exhausted(1.5 * minute)).toMatchObject({ orders: 2 });
  expect(await exhausted(2 * minute)).toMatchObject({ orders: 3 });
});
