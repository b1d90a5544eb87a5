/** Money movements for lists: a store sees its own, the operator sees all of them. */

import { type Column, type Row, type Sql, sql } from '#platform/database';
import { before } from '#platform/paging';

export type FactRow = Row<
  'billing_payment_facts',
  | 'tenant_id'
  | 'id'
  | 'invoice_id'
  | 'amount_minor'
  | 'provider'
  | 'provider_id'
  | 'means'
  | 'at'
  | 'recorded_at'
  | 'actor'
  | 'reason',
  { kind: 'payment' | 'refund' | 'dispute' | 'dispute_won' | 'surplus' | 'carried' | 'surplus_refund' }
> &
  Row<'billing_accounts', 'slug'> &
  Row<'billing_invoices', 'currency'> & { invoice_number: NonNullable<Column<'billing_invoices', 'number'>> };

export const factRows = (
  { tenant, invoice }: { tenant?: string | undefined; invoice?: string | undefined },
  before: string,
  limit: number,
): Sql<FactRow> => sql<FactRow>`
  select f.tenant_id, a.slug, f.id, f.invoice_id, i.number as invoice_number, f.kind, f.amount_minor, i.currency, f.provider,
         f.provider_id, f.means, f.at, f.recorded_at, f.actor, f.reason
    from billing_payment_facts f
    join billing_invoices i on i.tenant_id = f.tenant_id and i.id = f.invoice_id
    join billing_accounts a on a.tenant_id = f.tenant_id
   where f.id < ${before}::uuid
     and (${tenant ?? null}::uuid is null or f.tenant_id = ${tenant ?? null}::uuid)
     and (${invoice ?? null}::uuid is null or f.invoice_id = ${invoice ?? null}::uuid)
   order by f.id desc limit ${limit + 1}`;

export const factsOfInvoice = (tenant: string, invoice: string): Sql<FactRow> =>
  factRows({ tenant, invoice }, before(undefined), 10_000);
