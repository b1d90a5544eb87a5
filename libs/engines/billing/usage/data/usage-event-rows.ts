/** The usage events that the explanation of an invoice lists. */

import { type Column, type Row, type Sql, sql } from '#platform/database';

export type UsageEventRow = Row<
  'billing_usage_events',
  'meter' | 'subject' | 'quantity' | 'occurred_at' | 'received_at'
> & { id: Column<'billing_usage_events', 'transaction_id'> };

export const usageEventRows = (
  tenant: string,
  meters: readonly string[],
  from: Date,
  until: Date,
): Sql<UsageEventRow> =>
  sql<UsageEventRow>`
  select transaction_id as id, meter, subject, quantity, occurred_at, received_at from billing_usage_events
   where tenant_id = ${tenant} and meter = any(${meters}::text[]) and occurred_at >= ${from} and occurred_at < ${until}`;
