/** Selects the subscription of a tenant that is shown. */

import { type Row, sql } from '#platform/database';

/** The live subscription, or the newest one that has ended. */
export const subscriptionOf = (tenant: string) => sql<Row<'billing_subscriptions', 'id' | 'ended_at'>>`
  select id, ended_at from billing_subscriptions where tenant_id = ${tenant} order by ended_at is null desc, id desc limit 1`;
