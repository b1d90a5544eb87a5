/**
 * The counters of used units. There is one row per tenant, meter and period, inserted with the first unit.
 *
 *   used in a period = reserved in it
 *                    + unassigned: used during it before it was announced (table `entitlement_untold`)
 *                    + base: the earlier units that only billing has counted
 *
 * The third term is non-zero only when a plan restarted on another day. So a period that is announced late still counts from
 * its start, and counts the same as billing.
 */
import type { MeterName } from '#contracts/meters';
import { type Column, type Row, sql, type TenantTransaction } from '#platform/database';

export type Answer = Row<'entitlement_caps', 'cap'> & {
  /** Billing has put metered operations on hold. */
  is_held: boolean;
  is_taken: boolean;
  /** Start of the period that contains now; null when none is announced, and the units are recorded as unassigned. */
  starts_at: Column<'entitlements', 'starts_at'> | null;
  ends_at: Column<'entitlements', 'ends_at'> | null;
  hard: Column<'entitlements', 'hard'> | null;
};

/**
 * Takes the units, or returns why not. A request that finds the row locked waits. It is then checked against the count after
 * the wait and the limits before it, so `used` never exceeds the limit in force, however many requests are concurrent.
 */
export async function takeUnits(tx: TenantTransaction, meter: MeterName, quantity: number): Promise<Answer> {
  const answer = await tx.first(sql<Answer>`
    with held as (
      select from tenant_access where tenant_id = ${tx.tenant} and not allows_metered
    ), period as materialized (
      select e.starts_at, e.ends_at, e.hard, c.cap, least(e.hard, c.cap) as allowed, e.told_used, n.used as unassigned
        from entitlements e
       cross join lateral (select coalesce(sum(b.used), 0)::bigint as used from entitlement_untold b
                            where b.tenant_id = e.tenant_id and b.meter = e.meter
                              and b.quarter >= e.starts_at and b.quarter < e.ends_at) n
        left join entitlement_caps c on c.tenant_id = e.tenant_id and c.meter = e.meter
       where e.tenant_id = ${tx.tenant} and e.meter = ${meter} and e.starts_at <= app.now() and e.ends_at > app.now()
       order by e.starts_at desc limit 1
    ), taken as (
      insert into entitlement_usage as u (tenant_id, meter, starts_at, used, base)
      select ${tx.tenant}, ${meter}, p.starts_at, ${quantity}::bigint, greatest(p.told_used - p.unassigned, 0)
        from period p
       where ${quantity}::bigint + greatest(p.told_used, p.unassigned) <= p.allowed and not exists (select from held)
      on conflict (tenant_id, meter, starts_at) do update
         set used = u.used + excluded.used
       where u.base + u.used + excluded.used <= (select allowed - unassigned from period)
      returning u.used
    ), unassigned as (
      insert into entitlement_untold as n (tenant_id, meter, quarter, used)
      select ${tx.tenant}, ${meter}, date_bin('15 minutes', app.now(), 'epoch'), ${quantity}::bigint
       where not exists (select from period) and not exists (select from held)
      on conflict (tenant_id, meter, quarter) do update set used = n.used + excluded.used
    )
    select exists (select from held) as is_held, exists (select from taken) as is_taken,
           p.starts_at, p.ends_at, p.hard, p.cap
      from (values (true)) as always
      left join period p on true`);
  return answer!;
}

export async function unitsUsed(tx: TenantTransaction, meter: MeterName, startsAt: Date): Promise<bigint> {
  const row = await tx.first(sql<{ used: bigint }>`
    select case when u.used is null then greatest(e.told_used, n.used) else u.base + u.used + n.used end as used
      from entitlements e
     cross join lateral (select coalesce(sum(b.used), 0)::bigint as used from entitlement_untold b
                          where b.tenant_id = e.tenant_id and b.meter = e.meter and b.quarter >= e.starts_at and b.quarter < e.ends_at) n
      left join entitlement_usage u on u.tenant_id = e.tenant_id and u.meter = e.meter and u.starts_at = e.starts_at
     where e.tenant_id = ${tx.tenant} and e.meter = ${meter} and e.starts_at = ${startsAt}`);
  return row?.used ?? 0n;
}
