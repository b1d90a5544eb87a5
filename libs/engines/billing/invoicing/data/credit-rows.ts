/** The credit notes and write-offs of an invoice, as they are listed. */

import { type Row, type Sql, sql } from '#platform/database';

export type CreditRow = Row<
  'billing_credit_notes',
  'id' | 'number' | 'amount_minor' | 'at' | 'actor' | 'reason',
  { kind: 'credit' | 'write_off' }
>;

export const creditRows = (tenant: string, invoice: string): Sql<CreditRow> => sql<CreditRow>`
  select id, number, kind, amount_minor, at, actor, reason from billing_credit_notes
   where tenant_id = ${tenant} and invoice_id = ${invoice} order by number`;
