/**
 * The counters that a store and the operator see. Bills do not depend on them: they can be counted again at any time.
 */
import type { MeterName } from '#contracts/meters';
import { type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';

/**
 * Takes stale accounts that no other transaction is counting. A transaction that marks one as stale meanwhile waits for
 * its row, and then marks it again.
 */
export async function claimStale(tx: CrossTenantTransaction, limit: number): Promise<string[]> {
  const rows = await tx.query(sql<Row<'billing_accounts', 'tenant_id'>>`
    with due as materialized (
      select tenant_id from billing_accounts where is_stale order by tenant_id limit ${limit} for no key update skip locked
    )
    update billing_accounts b set is_stale = false from due where b.tenant_id = due.tenant_id
    returning b.tenant_id`);
  return rows.map(({ tenant_id: tenant }) => tenant).sort();
}

/** Takes one account, stale or not. Waits for a transaction that counts it. */
export const claimTenant = (tenant: string): Sql => sql`
  update billing_accounts set is_stale = false where tenant_id = ${tenant}`;

export type CountedPeriod = Row<'billing_periods', 'tenant_id' | 'subscription_id' | 'seq' | 'starts_at' | 'ends_at'> &
  Row<'billing_plan_assignments', 'plan_id'> & {
    /** By meter, the highest threshold announced so far. */
    announced: Readonly<Record<string, number>>;
    /** By meter, the last count; text, because it may exceed the exact range of JSON numbers. */
    counted: Readonly<Record<string, string>>;
  };

/**
 * The newest period that has begun, with the plan in force; also the period before it, if late usage has moved the
 * subscription's next pass (`due_at`) back into that period. Tenants without a subscription, a period or a plan have no
 * row.
 */
export function periodsToCount(
  tx: CrossTenantTransaction,
  tenants: readonly string[],
  asOf: Date | null,
): Promise<CountedPeriod[]> {
  return tx.query(sql<CountedPeriod>`
    select p.tenant_id, p.subscription_id, p.seq, p.starts_at, p.ends_at, plan.plan_id,
           coalesce(known.announced, '{}') as announced, coalesce(known.counted, '{}') as counted
      from billing_subscriptions s
     cross join lateral (
       select n.*, row_number() over (order by n.seq desc) as age from billing_periods n
        where n.tenant_id = s.tenant_id and n.subscription_id = s.id and n.starts_at <= coalesce(${asOf}::timestamptz, app.now())
        order by n.seq desc limit 2
     ) p
     cross join lateral (
       select a.plan_id from billing_plan_assignments a
        where a.tenant_id = s.tenant_id and a.subscription_id = s.id and a.from_at < p.ends_at
          and a.from_at <= coalesce(${asOf}::timestamptz, app.now())
        order by a.from_at desc limit 1
     ) plan
     cross join lateral (
       select json_object_agg(c.meter, c.announced) as announced, json_object_agg(c.meter, c.used::text) as counted
         from billing_usage_counters c
        where c.tenant_id = p.tenant_id and c.subscription_id = p.subscription_id and c.period_seq = p.seq
     ) known
     where s.tenant_id = any(${tenants}::uuid[]) and s.ended_at is null and (p.age = 1 or s.due_at < p.ends_at)
     order by p.tenant_id, p.seq`);
}

export interface Counter {
  readonly tenant: string;
  readonly subscription: string;
  readonly seq: number;
  readonly meter: MeterName;
  readonly used: bigint;
  readonly included: bigint;
  readonly soft: bigint;
  readonly hard: bigint;
  readonly announced: number;
}

export const saveCounters = (counters: readonly Counter[]): Sql => sql`
  insert into billing_usage_counters as c (tenant_id, subscription_id, period_seq, meter, used, included, soft, hard, announced)
  select * from unnest(
    ${counters.map(({ tenant }) => tenant)}::uuid[], ${counters.map(({ subscription }) => subscription)}::uuid[],
    ${counters.map(({ seq }) => seq)}::int[], ${counters.map(({ meter }) => meter)}::text[],
    ${counters.map(({ used }) => used)}::bigint[], ${counters.map(({ included }) => included)}::bigint[],
    ${counters.map(({ soft }) => soft)}::bigint[], ${counters.map(({ hard }) => hard)}::bigint[],
    ${counters.map(({ announced }) => announced)}::smallint[])
  on conflict (tenant_id, subscription_id, period_seq, meter) do update
     set used = excluded.used, included = excluded.included, soft = excluded.soft, hard = excluded.hard, announced = excluded.announced`;
