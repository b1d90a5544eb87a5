/** Rows of invoices and of money movements: a store reads its own, the operator reads those of all stores. */
import { type Column, type Row, type Sql, sql } from '#platform/database';
import { before } from '#platform/paging';
import type { InvoiceLine } from '../domain/invoice-lines.js';
import type { InvoiceStatus } from './invoices.js';

export type InvoiceRow = Row<
  'billing_invoices',
  | 'tenant_id'
  | 'id'
  | 'number'
  | 'revision'
  | 'subscription_id'
  | 'period_seq'
  | 'currency'
  | 'total_minor'
  | 'issued_at'
  | 'due_at'
  | 'settled_at'
  | 'created_at'
  | 'doubt',
  { status: InvoiceStatus }
> &
  Row<'billing_accounts', 'slug'> &
  Row<'billing_periods', 'starts_at' | 'ends_at' | 'time_zone'> & {
    paid: bigint;
    /** Includes write-offs. */
    credited: bigint;
    owed: bigint;
  };

export interface InvoiceFilter {
  readonly tenant?: string | undefined;
  readonly id?: string | undefined;
  readonly status?: string | undefined;
  /** A store sees issued invoices only; an invoice that waits for approval is not shown to it yet. */
  readonly isIssuedOnly?: boolean;
}

/** Newest first; one row more than `limit`, which shows whether another page follows. */
export const invoiceRows = (
  { tenant, id, status, isIssuedOnly = false }: InvoiceFilter,
  before: string,
  limit: number,
): Sql<InvoiceRow> => sql<InvoiceRow>`
  select i.tenant_id, a.slug, i.id, i.number, i.status, i.revision, i.subscription_id, i.period_seq, p.starts_at, p.ends_at, p.time_zone,
         i.currency, i.total_minor, i.issued_at, i.due_at, i.settled_at, i.created_at, i.doubt,
         balance.paid, balance.credited + balance.written_off as credited, balance.owed
    from billing_invoices i
    cross join lateral app.billing_balance(i.tenant_id, i.id, i.total_minor) as balance
    join billing_accounts a on a.tenant_id = i.tenant_id
    join billing_periods p on p.tenant_id = i.tenant_id and p.subscription_id = i.subscription_id and p.seq = i.period_seq
   where i.id < ${before}::uuid
     and (${tenant ?? null}::uuid is null or i.tenant_id = ${tenant ?? null}::uuid)
     and (${id ?? null}::uuid is null or i.id = ${id ?? null}::uuid)
     and (${status ?? null}::text is null or i.status = ${status ?? null}::text)
     and (i.number is not null or not ${isIssuedOnly}::boolean)
   order by i.id desc limit ${limit + 1}`;

export const invoiceRow = (filter: InvoiceFilter & { readonly id: string }): Sql<InvoiceRow> =>
  invoiceRows(filter, before(undefined), 0);

export type LineRow = Row<
  'billing_invoice_lines',
  'line_no' | 'meter' | 'phase' | 'amount_minor',
  { kind: InvoiceLine['kind'] | 'surplus' }
> & { plan: Column<'billing_plan_versions', 'code'> | null; quantity: string; price_micro: string };

export const lineRows = (tenant: string, invoice: string): Sql<LineRow> => sql<LineRow>`
  select l.line_no, l.kind, l.meter, l.phase, v.code as plan, l.quantity::text, l.price_micro::text, l.amount_minor
    from billing_invoice_lines l
    join billing_invoices i on i.tenant_id = l.tenant_id and i.id = l.invoice_id
    left join billing_phases p
      on p.tenant_id = i.tenant_id and p.subscription_id = i.subscription_id and p.period_seq = i.period_seq and p.phase = l.phase
    left join billing_plan_versions v on v.id = p.plan_id
   where l.tenant_id = ${tenant} and l.invoice_id = ${invoice}
   order by l.line_no`;

export type PhaseRow = Row<'billing_phases', 'phase' | 'plan_id' | 'starts_at' | 'ends_at' | 'days' | 'days_of_period'>;

export const phaseRows = (tenant: string, subscription: string, seq: number): Sql<PhaseRow> => sql<PhaseRow>`
  select phase, plan_id, starts_at, ends_at, days, days_of_period from billing_phases
   where tenant_id = ${tenant} and subscription_id = ${subscription} and period_seq = ${seq} order by phase`;

/** The sum over all earlier invoices of the same period. */
export const earlierLineRows = (
  tenant: string,
  subscription: string,
  seq: number,
  revision: number,
): Sql<Omit<LineRow, 'plan'>> => sql<Omit<LineRow, 'plan'>>`
  select l.line_no, l.kind, l.meter, l.phase, l.quantity::text, l.price_micro::text, l.amount_minor
    from billing_invoices i
    join billing_invoice_lines l on l.tenant_id = i.tenant_id and l.invoice_id = i.id
   where i.tenant_id = ${tenant} and i.subscription_id = ${subscription} and i.period_seq = ${seq} and i.revision < ${revision}
   order by i.revision, l.line_no`;
