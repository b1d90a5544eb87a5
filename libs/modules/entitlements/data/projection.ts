/** Writes the facts of the events as rows. One statement per table and batch; tenants are ordered by id. */
import type { EventData } from '#contracts/event';
import type { accessChanged } from '#contracts/billing/events';
import { type Sql, sql } from '#platform/database';
import type { Span, AnnouncedPeriod } from '../domain/announced-periods.js';

export interface Of<Fact> {
  readonly tenant: string;
  readonly fact: Fact;
}

export type Access = EventData<typeof accessChanged>;

interface Row {
  readonly tenant: string;
  readonly period: AnnouncedPeriod;
  readonly terms: AnnouncedPeriod['meters'][number];
}

const rowsOf = (periods: readonly Of<AnnouncedPeriod>[]): Row[] =>
  periods.flatMap(({ tenant, fact }) => fact.meters.map((terms) => ({ tenant, period: fact, terms })));

/** Deletes the periods that overlap the spans, except those that are announced again: these keep their counters. */
export function forgetPeriods(spans: readonly Of<Span>[], current: readonly Of<AnnouncedPeriod>[]): Sql {
  const kept = rowsOf(current);
  return sql`
    delete from entitlements e
     using unnest(${spans.map(({ tenant }) => tenant)}::uuid[],
                  ${spans.map(({ fact }) => fact.startsAt)}::timestamptz[],
                  ${spans.map(({ fact }) => fact.endsAt)}::timestamptz[]) as announced(tenant_id, starts_at, ends_at)
     where e.tenant_id = announced.tenant_id and e.starts_at < announced.ends_at and announced.starts_at < e.ends_at
       and not exists (select from unnest(${kept.map(({ tenant }) => tenant)}::uuid[],
                                          ${kept.map(({ terms }) => terms.meter)}::text[],
                                          ${kept.map(({ period }) => period.startsAt)}::timestamptz[]) as k(tenant_id, meter, starts_at)
                        where k.tenant_id = e.tenant_id and k.meter = e.meter and k.starts_at = e.starts_at)`;
}

export function insertPeriods(periods: readonly Of<AnnouncedPeriod>[]): Sql {
  const rows = rowsOf(periods);
  return sql`
    insert into entitlements as e (tenant_id, meter, starts_at, ends_at, plan, included, soft, hard, told_used)
    select * from unnest(${rows.map(({ tenant }) => tenant)}::uuid[],
                         ${rows.map(({ terms }) => terms.meter)}::text[],
                         ${rows.map(({ period }) => period.startsAt)}::timestamptz[],
                         ${rows.map(({ period }) => period.endsAt)}::timestamptz[],
                         ${rows.map(({ period }) => period.plan)}::text[],
                         ${rows.map(({ terms }) => terms.included)}::bigint[],
                         ${rows.map(({ terms }) => terms.soft)}::bigint[],
                         ${rows.map(({ terms }) => terms.hard)}::bigint[],
                         ${rows.map(({ terms }) => terms.used ?? 0)}::bigint[])
    on conflict (tenant_id, meter, starts_at) do update
       set ends_at = excluded.ends_at, plan = excluded.plan, included = excluded.included, soft = excluded.soft, hard = excluded.hard,
           told_used = greatest(e.told_used, excluded.told_used)`;
}

export interface Count {
  readonly meter: string;
  readonly startsAt: string;
  readonly used: number;
}

/** Saves usage counts of billing. A count for a period that we do not have (never announced, or withdrawn) is ignored. */
export function saveCounts(counts: readonly Of<Count>[]): Sql {
  return sql`
    update entitlements e set told_used = greatest(e.told_used, announced.used)
      from unnest(${counts.map(({ tenant }) => tenant)}::uuid[],
                  ${counts.map(({ fact }) => fact.meter)}::text[],
                  ${counts.map(({ fact }) => fact.startsAt)}::timestamptz[],
                  ${counts.map(({ fact }) => fact.used)}::bigint[]) as announced(tenant_id, meter, starts_at, used)
     where e.tenant_id = announced.tenant_id and e.meter = announced.meter and e.starts_at = announced.starts_at`;
}

export function saveAccess(rows: readonly Of<Access>[]): Sql {
  const allows = rows.map(({ fact }) => fact.allows);
  return sql`
    insert into tenant_access (tenant_id, state, allows_sign_in, allows_read, allows_export, allows_write, allows_metered, grace_ends_at)
    select * from unnest(${rows.map(({ tenant }) => tenant)}::uuid[],
                         ${rows.map(({ fact }) => fact.to)}::text[],
                         ${allows.map((each) => each.sign_in)}::boolean[],
                         ${allows.map((each) => each.read)}::boolean[],
                         ${allows.map((each) => each.export)}::boolean[],
                         ${allows.map((each) => each.write)}::boolean[],
                         ${allows.map((each) => each.metered_operations)}::boolean[],
                         ${rows.map(({ fact }) => fact.grace_ends_at)}::timestamptz[])
    on conflict (tenant_id) do update
       set state = excluded.state, allows_sign_in = excluded.allows_sign_in, allows_read = excluded.allows_read,
           allows_export = excluded.allows_export, allows_write = excluded.allows_write,
           allows_metered = excluded.allows_metered, grace_ends_at = excluded.grace_ends_at`;
}
