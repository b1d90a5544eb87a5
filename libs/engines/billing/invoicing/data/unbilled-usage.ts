/** Usage that came too late to be billed by a pass. */

import type { MeterName } from '#contracts/meters';
import { type Row, type Sql, sql } from '#platform/database';
import { PERIODS_LOOKED_AT } from './facts.js';

export type UnbilledRow = Row<'billing_periods', 'tenant_id' | 'seq' | 'starts_at' | 'ends_at'> &
  Row<'billing_accounts', 'slug'> &
  Row<'billing_usage_events', never, { meter: MeterName }> & {
    events: bigint;
    quantity: string;
    received_first_at: Date;
    received_last_at: Date;
  };

/**
 * Usage of periods outside the range that passes look at, if the period had already left that range when the usage was
 * received. Such usage is at least fifteen periods late. So the query reads only usage that came more than 400 days late,
 * by its index.
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
