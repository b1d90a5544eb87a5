/** Usage as its events reported it. Bills are computed from these rows, so no row is changed or deleted. */
import { type Queryable, type Sql, sql } from '#platform/database';
import { METERS, type Usage } from '../domain/meters.js';

export interface UsageEvent extends Usage {
  readonly tenant: string;
  /** The event's id. It counts once, however often the event arrives. */
  readonly transaction: string;
  /** SHA-256 of the payload, in hexadecimal. */
  readonly payloadHash: string;
}

/**
 * Locks the tenants' subscriptions. A pass holds the same lock while it bills: either the pass reads this batch's
 * usage, or this batch sees the billed period and makes it due again. The lock is taken before any account's lock, as
 * in passes.
 */
export const lockSubscriptions = (tenants: readonly string[]): Sql => sql`
  select from billing_subscriptions where tenant_id = any(${tenants}::uuid[]) order by tenant_id, id for no key update`;

/**
 * Inserts new usage events. If their period is over (it is invoiced, or the next period has begun), the subscription's
 * next pass (`due_at`) is moved back to the instant of the usage. `received_at` is evidence only: nothing is computed
 * from it.
 */
export const saveUsage = (events: readonly UsageEvent[]): Sql => sql`
  with fresh as (
    insert into billing_usage_events (tenant_id, transaction_id, meter, occurred_at, subject, quantity, payload_hash, received_at)
    select u.tenant, u.transaction, u.meter, u.occurred_at, u.subject, u.quantity, decode(u.hash, 'hex'), app.now() from unnest(
      ${events.map(({ tenant }) => tenant)}::uuid[], ${events.map(({ transaction }) => transaction)}::uuid[],
      ${events.map(({ meter }) => meter)}::text[], ${events.map(({ occurredAt }) => occurredAt)}::timestamptz[],
      ${events.map(({ subject }) => subject)}::text[], ${events.map(({ quantity }) => quantity)}::bigint[],
      ${events.map(({ payloadHash }) => payloadHash)}::text[]) as u(tenant, transaction, meter, occurred_at, subject, quantity, hash)
    on conflict do nothing
    returning tenant_id, occurred_at
  ), late as (
    select p.tenant_id, p.subscription_id, min(f.occurred_at) as earliest
      from fresh f
      join billing_periods p on p.tenant_id = f.tenant_id and p.starts_at <= f.occurred_at and p.ends_at > f.occurred_at
     where p.is_invoiced
        or exists (select from billing_periods n
                    where n.tenant_id = p.tenant_id and n.subscription_id = p.subscription_id and n.seq = p.seq + 1)
     group by p.tenant_id, p.subscription_id
  )
  update billing_subscriptions s set due_at = late.earliest from late
   where s.tenant_id = late.tenant_id and s.id = late.subscription_id and s.due_at > late.earliest`;

/** Updates also accounts that are already stale, because the row lock makes this batch wait for a running refresh. */
export const markStale = (tenants: readonly string[]): Sql => sql`
  with mine as materialized (
    select tenant_id from billing_accounts where tenant_id = any(${tenants}::uuid[]) order by tenant_id for no key update
  )
  update billing_accounts b set is_stale = true from mine where b.tenant_id = mine.tenant_id`;

/** Counts the events whose id is stored with another payload. */
export const conflictsAmong = (events: readonly UsageEvent[]): Sql<{ conflicts: bigint }> => sql<{ conflicts: bigint }>`
  select count(*) as conflicts
    from unnest(${events.map(({ tenant }) => tenant)}::uuid[], ${events.map(({ transaction }) => transaction)}::uuid[],
                ${events.map(({ payloadHash }) => payloadHash)}::text[]) as e(tenant, transaction, hash)
    join billing_usage_events u on u.tenant_id = e.tenant and u.transaction_id = e.transaction
   where u.payload_hash <> decode(e.hash, 'hex')`;

export interface Span {
  readonly tenant: string;
  readonly from: Date;
  readonly to: Date;
}

export interface MeterTotal {
  readonly meter: string;
  readonly quantity: bigint;
}

/** The total of `[from, to)` per meter, by event time. A meter without usage has no row. */
export async function usageBetween(tx: Queryable, tenant: string, from: Date, to: Date): Promise<MeterTotal[]> {
  return (await usageOfSpans(tx, [{ tenant, from, to }]))[0]!;
}

/** The totals of each span, in the order of the spans. */
export async function usageOfSpans(tx: Queryable, spans: readonly Span[]): Promise<MeterTotal[][]> {
  const totals = spans.map((): MeterTotal[] => []);
  for (const { place, meter, quantity } of await tx.query(totalsOf(spans)))
    totals[Number(place) - 1]!.push({ meter, quantity: BigInt(quantity) });
  return totals;
}

const METER_NAMES = Object.keys(METERS);
const METER_KINDS = Object.values(METERS).map(({ how }) => how);

/**
 * Reads meter by meter, so that each meter is one index-only range scan. Sums are `numeric`, because the sum of
 * quantities near 2⁶³ exceeds a `bigint`.
 */
export const totalsOf = (spans: readonly Span[]) => sql<{ place: bigint; meter: string; quantity: string }>`
  select s.place, m.meter, u.quantity::text as quantity
    from unnest(${spans.map(({ tenant }) => tenant)}::uuid[], ${spans.map(({ from }) => from.toISOString())}::timestamptz[],
                ${spans.map(({ to }) => to.toISOString())}::timestamptz[]) with ordinality as s(tenant, starts_at, ends_at, place)
   cross join unnest(${METER_NAMES}::text[], ${METER_KINDS}::text[]) as m(meter, how)
   cross join lateral (
     select case m.how when 'sum' then sum(e.quantity) filter (where m.how = 'sum')
                       when 'max' then max(e.quantity) filter (where m.how = 'max')
                       else count(distinct e.subject) filter (where m.how = 'distinct') end as quantity, count(*) as events
       from billing_usage_events e
      where e.tenant_id = s.tenant and e.meter = m.meter and e.occurred_at >= s.starts_at and e.occurred_at < s.ends_at
   ) u
   where u.events > 0
   order by s.place, m.meter`;
