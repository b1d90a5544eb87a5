/** The rows that a review reads, and the plans that it saves. */
import { Decimal } from '#kernel';
import { type Column, type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { Product } from '../domain/advice.js';
import type { Class } from '../domain/classes.js';
import type { Day } from '../domain/days.js';
import type { MethodName } from '../domain/forecasts.js';
import { type Parameters, resolveParameters } from '../domain/parameters.js';
import type { Plan } from '../domain/plan.js';
import type { Claim, Key } from './claims.js';
import { DEFAULT_ZONE } from './histories.js';

export interface StoredPlan {
  readonly plan: Plan;
  readonly class: Class;
  readonly windowValue: bigint;
}

export interface ProductFacts extends Product {
  readonly today: Day;
  readonly factsAt: Date;
  readonly parameters: Parameters;
  readonly stored: StoredPlan | null;
  /** Nothing but today's sales has come since the stored plan was made, by the same assumptions. */
  readonly isPlanOfToday: boolean;
}

type FactsRow = Row<
  'stock_engine_products',
  'tenant_id' | 'product_id' | 'on_hand' | 'reserved' | 'receipts' | 'facts_at',
  { code: string; name: string; unit: string; price: string; currency: string }
> &
  Row<
    'stock_engine_plans',
    | 'window_days'
    | 'window_quantity'
    | 'window_value_minor'
    | 'error_percent'
    | 'naive_error_percent'
    | 'daily_demand'
    | 'lead_time_days'
    | 'minimum'
    | 'maximum',
    { class: Class; method: MethodName }
  > & {
    today: number;
    first_day: number | null;
    last_sold_day: number | null;
    last_cost: string | null;
    trades: (string | null)[];
    lead_times: (number | null)[];
    safeties: (string | null)[];
    is_without_old_news: boolean;
    as_of: number | null;
    history_from: number | null;
    safety_percent: string;
  };

/** Products that are not described yet are left out: their description will make them stale again. */
export async function loadFacts(
  tx: CrossTenantTransaction,
  claims: readonly Claim[],
  asOf: Date | null,
): Promise<ProductFacts[]> {
  const rows = await tx.query(sql<FactsRow>`
    select p.tenant_id, p.product_id, p.code, p.name, p.unit, p.price, p.currency, p.on_hand, p.reserved, p.receipts, p.facts_at,
           (coalesce(${asOf}::timestamptz, app.now()) at time zone z.name)::date - date '1970-01-01' as today,
           (p.first_moved_at at time zone z.name)::date - date '1970-01-01' as first_day,
           (p.last_sold_at at time zone z.name)::date - date '1970-01-01' as last_sold_day,
           (select r.unit_cost from stock_engine_receipts r
             where r.tenant_id = p.tenant_id and r.product_id = p.product_id and r.unit_cost is not null
             order by r.received_at desc, r.movement_id desc limit 1) as last_cost,
           array[o.trade, c.trade, a.trade] as trades,
           array[o.lead_time_days, c.lead_time_days, a.lead_time_days]::int[] as lead_times,
           array[o.safety_percent::text, c.safety_percent::text, a.safety_percent::text] as safeties,
           coalesce(k.news_from >= date_trunc('day', coalesce(${asOf}::timestamptz, app.now()), z.name), true) as is_without_old_news,
           l.as_of - date '1970-01-01' as as_of, l.history_from - date '1970-01-01' as history_from, l.class, l.window_days,
           l.window_quantity, l.window_value_minor, l.method, l.error_percent, l.naive_error_percent, l.daily_demand,
           l.lead_time_days, l.safety_percent::text as safety_percent, l.minimum, l.maximum
      from unnest(${claims.map((claim) => claim.tenant_id)}::uuid[], ${claims.map((claim) => claim.product_id)}::uuid[],
                  ${claims.map((claim) => claim.news_from)}::timestamptz[]) as k(tenant_id, product_id, news_from)
      join stock_engine_products p on p.tenant_id = k.tenant_id and p.product_id = k.product_id
      left join stock_engine_tenants t on t.tenant_id = k.tenant_id
      cross join lateral (select coalesce(t.time_zone, ${DEFAULT_ZONE}) as name) z
      left join stock_engine_plans l on l.tenant_id = k.tenant_id and l.product_id = k.product_id
      left join stock_engine_parameters o on o.tenant_id = k.tenant_id and o.scope = 'product' and o.key = k.product_id::text
      left join stock_engine_parameters c on c.tenant_id = k.tenant_id and c.scope = 'category' and c.key = p.category
      left join stock_engine_parameters a on a.tenant_id = k.tenant_id and a.scope = 'tenant' and a.key = ''
     where p.code is not null
     order by p.tenant_id, p.product_id`);
  return rows.map(factsOf);
}

function factsOf(row: FactsRow): ProductFacts {
  const choices = [0, 1, 2].map((near) => ({
    trade: row.trades[near]!,
    leadTimeDays: row.lead_times[near]!,
    safetyPercent: row.safeties[near]!,
  }));
  const parameters = resolveParameters(choices);
  const firstDay = row.first_day ?? row.today;
  const stored = storedPlanOf(row);
  return {
    tenant: row.tenant_id,
    id: row.product_id,
    code: row.code,
    name: row.name,
    unit: row.unit,
    price: Decimal.parse(row.price),
    currency: row.currency,
    onHand: Decimal.parse(row.on_hand ?? '0'),
    reserved: Decimal.parse(row.reserved ?? '0'),
    lastCost: row.last_cost === null ? null : Decimal.parse(row.last_cost),
    receipts: row.receipts,
    firstDay,
    lastSoldDay: row.last_sold_day,
    today: row.today,
    factsAt: row.facts_at,
    parameters,
    stored,
    isPlanOfToday:
      stored !== null &&
      row.is_without_old_news &&
      row.as_of === row.today &&
      row.history_from === firstDay &&
      stored.plan.leadTimeDays === parameters.leadTimeDays &&
      isSame(stored.plan.safetyPercent, parameters.safetyPercent),
  };
}

function storedPlanOf(row: FactsRow): StoredPlan | null {
  if (row.as_of === null) return null;
  return {
    class: row.class,
    windowValue: row.window_value_minor,
    plan: {
      windowDays: row.window_days,
      windowQuantity: Decimal.parse(row.window_quantity),
      method: row.method,
      errorPercent: row.error_percent,
      naiveErrorPercent: row.naive_error_percent,
      dailyDemand: Decimal.parse(row.daily_demand),
      leadTimeDays: row.lead_time_days,
      safetyPercent: Decimal.parse(row.safety_percent).toText(),
      minimum: Decimal.parse(row.minimum),
      maximum: Decimal.parse(row.maximum),
    },
  };
}

function isSame(one: string, other: string): boolean {
  return Decimal.parse(one).compare(Decimal.parse(other)) === 0;
}

export interface PlannedProduct {
  readonly product: ProductFacts;
  readonly plan: Plan;
  readonly windowValue: bigint;
  readonly class: Class;
}

export async function savePlans(tx: CrossTenantTransaction, planned: readonly PlannedProduct[]): Promise<void> {
  if (planned.length === 0) return;
  const plans = planned.map((entry) => entry.plan);
  await tx.execute(sql`
    insert into stock_engine_plans as p (tenant_id, product_id, as_of, history_from, class, window_days, window_quantity, window_value_minor, method,
                                         error_percent, naive_error_percent, daily_demand, lead_time_days, safety_percent, minimum, maximum)
    select n.tenant_id, n.product_id, date '1970-01-01' + n.today, date '1970-01-01' + n.first_day, n.class, n.window_days, n.window_quantity, n.window_value_minor,
           n.method, n.error_percent, n.naive_error_percent, n.daily_demand, n.lead_time_days, n.safety_percent, n.minimum, n.maximum
      from unnest(
        ${planned.map((entry) => entry.product.tenant)}::uuid[], ${planned.map((entry) => entry.product.id)}::uuid[],
        ${planned.map((entry) => entry.product.today)}::int[], ${planned.map((entry) => entry.product.firstDay)}::int[], ${planned.map((entry) => entry.class)}::text[],
        ${plans.map((plan) => plan.windowDays)}::smallint[], ${plans.map((plan) => plan.windowQuantity.toText())}::numeric[],
        ${planned.map((entry) => entry.windowValue)}::bigint[], ${plans.map((plan) => plan.method)}::text[],
        ${plans.map((plan) => plan.errorPercent)}::numeric[], ${plans.map((plan) => plan.naiveErrorPercent)}::numeric[],
        ${plans.map((plan) => plan.dailyDemand.toText())}::numeric[], ${plans.map((plan) => plan.leadTimeDays)}::smallint[],
        ${plans.map((plan) => plan.safetyPercent)}::numeric[], ${plans.map((plan) => plan.minimum.toText())}::numeric[],
        ${plans.map((plan) => plan.maximum.toText())}::numeric[])
        as n(tenant_id, product_id, today, first_day, class, window_days, window_quantity, window_value_minor, method, error_percent,
             naive_error_percent, daily_demand, lead_time_days, safety_percent, minimum, maximum)
    on conflict (tenant_id, product_id) do update
       set as_of = excluded.as_of, history_from = excluded.history_from, class = excluded.class, window_days = excluded.window_days, window_quantity = excluded.window_quantity,
           window_value_minor = excluded.window_value_minor, method = excluded.method, error_percent = excluded.error_percent,
           naive_error_percent = excluded.naive_error_percent, daily_demand = excluded.daily_demand,
           lead_time_days = excluded.lead_time_days, safety_percent = excluded.safety_percent, minimum = excluded.minimum,
           maximum = excluded.maximum`);
}

/** What takes part in a tenant's ranking: everything that sold, and what has to step down. */
export function loadRanking(
  tx: CrossTenantTransaction,
  tenants: readonly string[],
): Promise<{ tenant_id: string; product_id: string; value: bigint; class: Class }[]> {
  return tx.query(sql<
    Row<'stock_engine_plans', 'tenant_id' | 'product_id', { class: Class }> & {
      value: Column<'stock_engine_plans', 'window_value_minor'>;
    }
  >`
    select tenant_id, product_id, window_value_minor as value, class from stock_engine_plans
     where tenant_id = any(${tenants}::uuid[]) and (window_value_minor > 0 or class <> 'C')`);
}

export async function saveClasses(
  tx: CrossTenantTransaction,
  changed: readonly (Key & { class: Class })[],
): Promise<void> {
  if (changed.length === 0) return;
  await tx.execute(sql`
    update stock_engine_plans p set class = n.class
      from unnest(${changed.map((c) => c.tenant_id)}::uuid[], ${changed.map((c) => c.product_id)}::uuid[], ${changed.map((c) => c.class)}::text[])
           as n(tenant_id, product_id, class)
     where p.tenant_id = n.tenant_id and p.product_id = n.product_id`);
}
