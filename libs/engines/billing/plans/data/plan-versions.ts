/** Versions of plans as the operator lists them, with the tenants that are on them. */

import { type Row, type Sql, sql } from '#platform/database';

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

/** Newest version first, each with the tenants that are on it now or have an agreed change to it. */
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
