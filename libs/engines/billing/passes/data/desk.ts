/** What only the operator reads: plans with who is on them, the passes' runs, whom they leave out, and months of invoices. */
import type { MeterName } from '#contracts/meters';
import { isUuid } from '#kernel';
import { type Column, type Row, type Sql, sql } from '#platform/database';
import { errors } from '../../errors.js';
import { PERIODS_LOOKED_AT } from '../../invoicing/data/facts.js';
import type { Reading } from '../../invoicing/data/lists.js';

/** By slug or id, as people name it on a command line. Throws `account_not_found`. */
export async function tenantNamed(tx: Reading, name: string): Promise<{ tenant: string; slug: string }> {
  const id = isUuid(name) ? name : null;
  const row = await tx.first<Row<'billing_accounts', 'tenant_id' | 'slug'>>(sql`
    select tenant_id, slug from billing_accounts where tenant_id = ${id}::uuid or (${id}::uuid is null and slug = ${name})`);
  if (!row) throw errors.account_not_found();
  return { tenant: row.tenant_id, slug: row.slug };
}

export type PlanSummaryRow = Row<'billing_plan_versions', 'id' | 'created_at'> & { tenants: bigint };

/** The newest version of each code; `tenants` counts those whose live subscription is on any version of it now. */
export const newestPlans = (before: string, limit: number): Sql<PlanSummaryRow> => sql<PlanSummaryRow>`
  select v.id, v.created_at,
         (select count(*) from billing_subscriptions s
            join lateral (select g.plan_id from billing_plan_assignments g
                           where g.tenant_id = s.tenant_id and g.subscription_id = s.id
                           order by g.from_at <= app.now() desc, abs(extract(epoch from g.from_at - app.now())) limit 1) c on true
            join billing_plan_versions x on x.id = c.plan_id
           where s.tenant_id is not null and s.ended_at is null and x.code = v.code) as tenants
    from billing_plan_versions v
   where v.id < ${before}::uuid
     and not exists (select from billing_plan_versions n where n.code = v.code and n.version > v.version)
   order by v.id desc limit ${limit + 1}`;

export type PlanVersionRow = Row<'billing_plan_versions', 'id' | 'created_at'> & {
  tenants: { id: string; slug: string; from: string }[] | null;
};

/** Newest version first, each with the tenants that are on it now or will be, by what is agreed. */
export const versionsOfPlan = (code: string): Sql<PlanVersionRow> => sql<PlanVersionRow>`
  select v.id, v.created_at,
         (select json_agg(json_build_object('id', t.tenant_id, 'slug', t.slug,
                                            'from', to_char(t.from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by t.slug)
            from (select s.tenant_id, a.slug, g.from_at, g.plan_id,
                         lead(g.from_at) over (partition by s.tenant_id order by g.from_at) as until
                    from billing_subscriptions s
                    join billing_accounts a on a.tenant_id = s.tenant_id
                    join billing_plan_assignments g on g.tenant_id = s.tenant_id and g.subscription_id = s.id
                   where s.ended_at is null) t
           where t.plan_id = v.id and (t.until is null or t.until > app.now())) as tenants
    from billing_plan_versions v where v.code = ${code} order by v.version desc`;

export const planIdOf = (code: string, version: number | undefined) => sql<Row<'billing_plan_versions', 'id'>>`
  select id from billing_plan_versions
   where code = ${code} and (${version ?? null}::int is null or version = ${version ?? null}::int)
   order by version desc limit 1`;

export type ParkedRow = Row<
  'billing_parked',
  'tenant_id' | 'reason' | 'since',
  { pass: 'billing-overage' | 'billing-grace' | 'billing-reconcile' }
> & { slug: Column<'billing_accounts', 'slug'> | null };

export const parkedRows = (limit: number): Sql<ParkedRow> => sql<ParkedRow>`
  select p.tenant_id, a.slug, p.pass, p.reason, p.since
    from billing_parked p left join billing_accounts a on a.tenant_id = p.tenant_id
   order by p.since desc, p.tenant_id limit ${limit}`;

export type RunRow = Row<
  'billing_runs',
  'id' | 'as_of' | 'host' | 'version' | 'started_at' | 'finished_at',
  { pass: ParkedRow['pass']; counts: Record<string, number> }
>;

export const runRows = (pass: string | undefined, before: string, limit: number): Sql<RunRow> => sql<RunRow>`
  select id, pass, as_of, host, version, started_at, finished_at, counts from billing_runs
   where id < ${before}::uuid and (${pass ?? null}::text is null or pass = ${pass ?? null}::text)
   order by id desc limit ${limit + 1}`;

export type MonthRow = Row<'billing_invoices', 'currency'> & {
  month: string;
  invoices: bigint;
  total: bigint;
  before: bigint | null;
};

/** By the month an invoice was issued in. A month without invoices between two others counts as nothing, not as missing. */
export const invoicedMonths = (months: number): Sql<MonthRow> => sql<MonthRow>`
  with month as (
    select generate_series(date_trunc('month', app.now() at time zone 'UTC') - (${months}::int * interval '1 month'),
                           date_trunc('month', app.now() at time zone 'UTC'), interval '1 month') as starts_at
  ), invoiced as (
    select c.currency, m.starts_at, count(i.id) as invoices, coalesce(sum(i.total_minor), 0)::bigint as total
      from month m
     cross join (select distinct currency from billing_invoices where tenant_id is not null and number is not null) c
      left join billing_invoices i on i.tenant_id is not null and i.currency = c.currency and i.number is not null
            and i.issued_at >= m.starts_at at time zone 'UTC' and i.issued_at < (m.starts_at + interval '1 month') at time zone 'UTC'
     group by c.currency, m.starts_at
  ), compared as (
    select to_char(starts_at, 'YYYY-MM') as month, currency, invoices, total,
           lag(total) over (partition by currency order by starts_at) as before, starts_at
      from invoiced
  )
  select month, currency, invoices, total, before from compared
   where starts_at > date_trunc('month', app.now() at time zone 'UTC') - (${months}::int * interval '1 month')
   order by month desc, currency`;

export type UnbilledRow = Row<'billing_periods', 'tenant_id' | 'seq' | 'starts_at' | 'ends_at'> &
  Row<'billing_accounts', 'slug'> &
  Row<'billing_usage_events', never, { meter: MeterName }> & {
    events: bigint;
    quantity: string;
    received_first_at: Date;
    received_last_at: Date;
  };

/**
 * Usage of periods that no pass looks at any more, received when that was so already: the period that took their place had
 * begun. That is fifteen periods late at least, so only usage that came more than 400 days late is looked at, by its index.
 */
export const unbilledUsage = (tenant: string | null, limit: number): Sql<UnbilledRow> => sql<UnbilledRow>`
  select p.tenant_id, a.slug, p.seq, p.starts_at, p.ends_at, e.meter, count(*) as events, sum(e.quantity)::text as quantity,
         min(e.received_at) as received_first_at, max(e.received_at) as received_last_at
    from billing_usage_events e
    join billing_periods p on p.tenant_id = e.tenant_id and p.starts_at <= e.occurred_at and p.ends_at > e.occurred_at and p.is_invoiced
    join billing_periods closing on closing.tenant_id = p.tenant_id and closing.subscription_id = p.subscription_id
                                and closing.seq = p.seq + ${PERIODS_LOOKED_AT}::int
    join billing_accounts a on a.tenant_id = p.tenant_id
   where e.received_at - e.occurred_at > interval '400 days' and e.received_at >= closing.starts_at
     and e.tenant_id is not null and (${tenant}::uuid is null or e.tenant_id = ${tenant}::uuid)
   group by p.tenant_id, a.slug, p.subscription_id, p.seq, p.starts_at, p.ends_at, e.meter
   order by max(e.received_at) desc, p.tenant_id, p.seq, e.meter limit ${limit}`;
