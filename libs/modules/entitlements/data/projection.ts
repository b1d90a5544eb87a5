/** What the events say, as rows. One statement per table and batch; tenants come in the order of their ids. */
import type { EventData } from '#contracts/event';
import type { accessChanged } from '#contracts/events/account';
import { type Sql, sql } from '#platform/database';
import type { Span, ToldPeriod } from '../domain/told-periods.js';

export interface Of<Fact> {
  readonly tenant: string;
  readonly fact: Fact;
}

export type Access = EventData<typeof accessChanged>;

export function forgetPeriods(spans: readonly Of<Span>[]): Sql {
  return sql`
    delete from entitlements e
     using unnest(${spans.map(({ tenant }) => tenant)}::uuid[],
                  ${spans.map(({ fact }) => fact.startsAt)}::timestamptz[],
                  ${spans.map(({ fact }) => fact.endsAt)}::timestamptz[]) as told(tenant_id, starts_at, ends_at)
     where e.tenant_id = told.tenant_id and e.starts_at < told.ends_at and told.starts_at < e.ends_at`;
}

export function insertPeriods(periods: readonly Of<ToldPeriod>[]): Sql {
  const rows = periods.flatMap(({ tenant, fact }) => fact.meters.map((terms) => ({ tenant, period: fact, terms })));
  return sql`
    insert into entitlements (tenant_id, meter, starts_at, ends_at, plan, included, soft, hard)
    select * from unnest(${rows.map(({ tenant }) => tenant)}::uuid[],
                         ${rows.map(({ terms }) => terms.meter)}::text[],
                         ${rows.map(({ period }) => period.startsAt)}::timestamptz[],
                         ${rows.map(({ period }) => period.endsAt)}::timestamptz[],
                         ${rows.map(({ period }) => period.plan)}::text[],
                         ${rows.map(({ terms }) => terms.included)}::bigint[],
                         ${rows.map(({ terms }) => terms.soft)}::bigint[],
                         ${rows.map(({ terms }) => terms.hard)}::bigint[])`;
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
