/** A store's usage from the transaction that caused it to the counter that shows it, and a replay that loses nothing. */
import { billingEngine } from '#engines/billing/worker';
import { orderCreated } from '#contracts/orders/events';
import { tenantCreated } from '#contracts/tenancy/events';
import { userSignedIn } from '#contracts/identity/events';
import { newId, tenantId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { replay } from '#platform/inbox/worker';
import { emit } from '#platform/outbox';
import { waitUntil } from '#testing/waiting';
import { FaultSystem } from './system.js';

let system: FaultSystem;
beforeAll(async () => (system = await FaultSystem.start(0)));
afterAll(() => system.stop());

const tenant = tenantId(newId());
const rows = async <Row>(text: string) => (await system.owner.query(text, [tenant])).rows as Row[];
const usage = () => rows(`select to_jsonb(u)::text as row from billing_usage_events u where tenant_id = $1 order by 1`);

it('counts sales and sign-ins, and counts lost events after they are published again', async () => {
  await system.relay({ subscriptions: { billing: billingEngine.aggregates } }).start();
  await system.worker([billingEngine]).start();
  await rows(
    `with plan as (insert into billing_plan_versions (id, code, version, currency, base_minor, interval_months, created_at, created_by)
                     values (gen_random_uuid(), 'story', 1, 'BRL', 0, 1, now(), 'test') returning id),
          meters as (insert into billing_plan_meters (plan_id, meter, included, price_micro)
                       select id, m, 5, 0 from plan, unnest('{orders,active_users}'::text[]) as m),
          sub as (insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
                    values ($1, gen_random_uuid(), current_date - 5, 1, current_date - 5, 'infinity') returning id),
          period as (insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version)
                       select $1, id, 0, current_date - 5, current_date + 25, 'UTC', 'test' from sub)
     insert into billing_plan_assignments select $1, sub.id, current_date - 5, plan.id, now(), 'test' from sub, plan`,
  );
  const person = newId();
  await system.writers.transaction({ tenant, actor: { id: 'system:story' } }, async (tx) => {
    for (let order = 0; order < 4; order++) emit(tx, orderCreated, { id: newId(), version: 1 }, orderCreated.example);
    for (const version of [1, 2])
      emit(tx, userSignedIn, { id: person, version }, { ...userSignedIn.example, user_id: person });
    emit(tx, tenantCreated, { id: tenant, version: 1 }, { ...tenantCreated.example, tenant_id: tenant });
    await tx.now();
  });
  const counters = () =>
    rows(`select meter, used::int, announced from billing_usage_counters where tenant_id = $1 order by meter`);
  const wanted = [
    { meter: 'active_users', used: 1, announced: 0 },
    { meter: 'orders', used: 4, announced: 80 },
  ];
  await waitUntil('usage is counted', async () => JSON.stringify(await counters()) === JSON.stringify(wanted));
  const said = await rows<{ data: { percent: number } }>(
    `select data from outbox_events where tenant_id = $1 and type = 'account.usage_limit_reached'`,
  );
  expect(said.map(({ data }) => data.percent)).toEqual([80]);

  const before = await usage();
  expect(before).toHaveLength(6);
  const lost = `(select transaction_id from billing_usage_events where tenant_id = $1 order by 1 limit 2)`;
  await rows(`delete from billing_usage_events where tenant_id = $1 and transaction_id in ${lost}`);
  const database = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_engines',
    application: 'usage replay',
  });
  try {
    for await (const outcome of replay(database, billingEngine, tenant)) expect(outcome.events).toBe(7);
  } finally {
    await database.close();
  }
  const kept = (all: unknown[]) => all.map((row) => ({ ...JSON.parse((row as { row: string }).row), received_at: '' }));
  const after = await usage();
  expect(kept(after)).toEqual(expect.arrayContaining(kept(before)));
  expect(after).toHaveLength(6);
  expect(after.filter((row) => before.some((known) => JSON.stringify(known) === JSON.stringify(row)))).toHaveLength(4);
});
