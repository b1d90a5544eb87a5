/** A tenant’s access for display: state, grace, holds, and the debt that is past due. */

import { type Row, type Sql, sql } from '#platform/database';

export type AccessOverviewRow = Row<
  'billing_accounts',
  'tenant_id' | 'slug' | 'trial_ends_at',
  { access_state: 'trialing' | 'active' | 'grace' | 'suspended' | 'closed' }
> &
  Row<'billing_access_episodes', 'notice_at' | 'extended_until'> & {
    currency: string;
    holds: ('billing' | 'admin' | 'fraud')[];
    past_due: bigint;
  };

/** The currency is that of the tenant’s plan, or of its account while it has no plan. `past_due` is in minor units. */
export const accessOverview = (tenant: string): Sql<AccessOverviewRow> => sql<AccessOverviewRow>`
  select a.tenant_id, a.slug, a.access_state, a.trial_ends_at, e.notice_at, e.extended_until,
         coalesce((select v.currency from billing_plan_assignments g join billing_plan_versions v on v.id = g.plan_id
                    where g.tenant_id = a.tenant_id order by g.from_at desc limit 1), a.currency) as currency,
         coalesce((select array_agg(h.cause order by h.cause) from billing_access_holds h where h.tenant_id = a.tenant_id), '{}') as holds,
         (select coalesce(sum(balance.owed), 0)::bigint
            from billing_invoices i
           cross join lateral app.billing_balance(i.tenant_id, i.id, i.total_minor) as balance
           where i.tenant_id = a.tenant_id and i.status = 'issued' and i.due_at <= app.now() and balance.owed > 0) as past_due
    from billing_accounts a
    left join billing_access_episodes e on e.tenant_id = a.tenant_id and e.closed_at is null
   where a.tenant_id = ${tenant}`;
