/** The limits of the running periods, as the store sees them, and its own caps. */
import type { ResponseOf } from '#contracts/operation';
import type { MeterName } from '#contracts/meters';
import type { getEntitlements } from '#contracts/entitlements/operations';
import { newId } from '#kernel';
import { type Missing, type Row, type Sql, sql, type TenantTransaction } from '#platform/database';

/** When no cap was ever set, every column but the meter is null. When a cap was removed, only `cap` is null. */
export type CapRow = Missing<Row<'entitlement_caps', 'cap' | 'set_by' | 'set_at'>> & { meter: MeterName };

/**
 * A cap, set or removed, as an event announces it. The column `telling` is the id of the aggregate of these events; `told_at`
 * is the `set_at` of the last announced state.
 */
export type AnnouncedCap = Row<
  'entitlement_caps',
  'cap' | 'set_by' | 'version',
  { meter: MeterName; set_at: Date; telling: string }
>;

export type LimitRow = CapRow &
  Row<'entitlements', 'starts_at' | 'ends_at' | 'plan' | 'included' | 'soft' | 'hard', { meter: MeterName }> & {
    used: bigint;
  };

export const currentLimits = (): Sql<LimitRow> => sql`
  select distinct on (e.meter) e.meter, e.starts_at, e.ends_at, e.plan, e.included, e.soft, e.hard,
         case when u.used is null then greatest(e.told_used, n.used) else u.base + u.used + n.used end as used,
         c.cap, c.set_by, c.set_at
    from entitlements e
   cross join lateral (select coalesce(sum(b.used), 0)::bigint as used from entitlement_untold b
                        where b.tenant_id = e.tenant_id and b.meter = e.meter and b.quarter >= e.starts_at and b.quarter < e.ends_at) n
    left join entitlement_usage u on u.tenant_id = e.tenant_id and u.meter = e.meter and u.starts_at = e.starts_at
    left join entitlement_caps c on c.tenant_id = e.tenant_id and c.meter = e.meter
   where e.tenant_id = app.current_tenant() and e.starts_at <= app.now() and e.ends_at > app.now()
   order by e.meter, e.starts_at desc`;

/**
 * Sets the cap and marks it as announced; the caller emits the event. `set_at` never decreases, although a transaction that
 * waited for the row may have begun earlier.
 */
export async function saveCap(tx: TenantTransaction, meter: MeterName, cap: number): Promise<AnnouncedCap> {
  const row = await tx.first(sql<AnnouncedCap>`
    insert into entitlement_caps as c (tenant_id, meter, cap, set_by, set_at, telling, version, told_at)
    values (${tx.tenant}, ${meter}, ${cap}, ${tx.actor.id}, app.now(), ${newId()}, 1, app.now())
    on conflict (tenant_id, meter) do update
       set cap = excluded.cap, set_by = excluded.set_by, set_at = greatest(c.set_at, excluded.set_at),
           telling = coalesce(c.telling, excluded.telling), version = c.version + 1, told_at = greatest(c.set_at, excluded.set_at)
    returning meter, cap, set_by, set_at, telling, version`);
  return row!;
}

/** Removes the cap and marks this as announced; undefined when there is no cap. */
export function dropCap(tx: TenantTransaction, meter: MeterName): Promise<AnnouncedCap | undefined> {
  return tx.first(sql<AnnouncedCap>`
    update entitlement_caps
       set cap = null, set_by = ${tx.actor.id}, set_at = greatest(set_at, app.now()), telling = coalesce(telling, ${newId()}),
           version = version + 1, told_at = greatest(set_at, app.now())
     where tenant_id = ${tx.tenant} and meter = ${meter} and cap is not null
    returning meter, cap, set_by, set_at, telling, version`);
}

/** Returns the store's caps whose present state is not announced yet, and marks them as announced. */
export function takeUnannounced(tx: TenantTransaction): Promise<AnnouncedCap[]> {
  return tx.query(sql<AnnouncedCap>`
    update entitlement_caps set telling = coalesce(telling, gen_random_uuid()), version = version + 1, told_at = set_at
     where tenant_id = ${tx.tenant} and told_at is distinct from set_at
    returning meter, cap, set_by, set_at, telling, version`);
}

type Shown = ResponseOf<typeof getEntitlements>['data'][number];

export function limitView(row: LimitRow): Shown {
  return {
    meter: row.meter,
    plan: row.plan,
    included: Number(row.included),
    soft: Number(row.soft),
    hard: Number(row.hard),
    used: Number(row.used),
    percent: row.included > 0n ? Number((row.used * 100n) / row.included) : null,
    own_cap: capView(row),
    period: { starts_at: row.starts_at.toISOString(), ends_at: row.ends_at.toISOString() },
  };
}

export function capView({ cap, set_by, set_at }: CapRow): Shown['own_cap'] {
  return cap === null ? null : { cap: Number(cap), set_by: set_by!, set_at: set_at!.toISOString() };
}
