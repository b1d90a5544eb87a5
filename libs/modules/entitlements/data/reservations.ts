/** The counters of what has been used. One row per tenant, meter and period; it comes into being with its first unit. */
import type { MeterName } from '#contracts/events/account';
import { sql, type TenantTransaction } from '#platform/database';

export interface Answer {
  /** Billing holds whatever is metered. */
  is_held: boolean;
  is_taken: boolean;
  /** Of the period that contains now; null where none is known. */
  starts_at: Date | null;
  ends_at: Date | null;
  hard: bigint | null;
  cap: bigint | null;
}

/**
 * Takes the units, or says why not. Whoever comes while the row is locked waits, and is judged by the count as it is then
 * and by the limits as they were when it asked: `used` never passes the limit that was in force, however many ask at once.
 */
export async function takeUnits(tx: TenantTransaction, meter: MeterName, quantity: number): Promise<Answer> {
  const answer = await tx.first(sql<Answer>`
    with held as (
      select from tenant_access where tenant_id = ${tx.tenant} and not allows_metered
    ), period as materialized (
      select e.starts_at, e.ends_at, e.hard, c.cap, least(e.hard, c.cap) as allowed
        from entitlements e
        left join entitlement_caps c on c.tenant_id = e.tenant_id and c.meter = e.meter
       where e.tenant_id = ${tx.tenant} and e.meter = ${meter} and e.starts_at <= app.now() and e.ends_at > app.now()
       order by e.starts_at desc limit 1
    ), taken as (
      insert into entitlement_usage as u (tenant_id, meter, starts_at, used)
      select ${tx.tenant}, ${meter}, p.starts_at, ${quantity}::bigint
        from period p
       where ${quantity}::bigint <= p.allowed and not exists (select from held)
      on conflict (tenant_id, meter, starts_at) do update
         set used = u.used + excluded.used
       where u.used + excluded.used <= (select allowed from period)
      returning u.used
    )
    select exists (select from held) as is_held, exists (select from taken) as is_taken,
           p.starts_at, p.ends_at, p.hard, p.cap
      from (values (true)) as always
      left join period p on true`);
  return answer!;
}

export async function unitsUsed(tx: TenantTransaction, meter: MeterName, startsAt: Date): Promise<bigint> {
  const row = await tx.first(sql<{ used: bigint }>`
    select used from entitlement_usage where tenant_id = ${tx.tenant} and meter = ${meter} and starts_at = ${startsAt}`);
  return row?.used ?? 0n;
}
