/** Rows of invoices: made in one round trip per tenant, with their lines, ledger entries and the numbers of those issued. */
import { newId } from '#kernel';
import { type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { type Posting, postings, saveLedger } from '../../accounts/index.js';
import type { InvoiceLine } from '../domain/invoice-lines.js';

export type InvoiceStatus = 'draft' | 'needs_approval' | 'issued' | 'paid' | 'void' | 'uncollectible';

export type StoredLine = Omit<InvoiceLine, 'kind'> & { readonly kind: InvoiceLine['kind'] | 'surplus' };

export interface NewInvoice {
  readonly subscription: string;
  readonly periodSeq: number;
  readonly revision: number;
  readonly currency: string;
  readonly lines: readonly StoredLine[];
  readonly total: bigint;
  readonly dueAt: Date;
  /** The invoice waits for a person instead of being issued. */
  readonly doubt: string | null;
}

export interface SavedInvoice extends NewInvoice {
  readonly id: string;
  readonly status: InvoiceStatus;
  readonly number: bigint | null;
}

type Series = 'invoice' | 'credit_note';

/** Another caller that draws a number waits until this transaction ends. This avoids gaps, so numbers are drawn late. */
export const drawing = (series: Series, count: number) => sql<Row<'billing_series', 'last'>>`
  update billing_series set last = last + ${count}::bigint where name = ${series} returning last`;

const upTo = (last: bigint, count: number) =>
  Array.from({ length: count }, (_, place) => last - BigInt(count - 1 - place));

export async function drawNumbers(tx: CrossTenantTransaction, series: Series, count: number): Promise<bigint[]> {
  return upTo((await tx.first(drawing(series, count)))!.last, count);
}

/** Runs `before`, and in the same round trip draws the numbers of the invoices that need no approval. */
export async function numberInvoices(
  tx: CrossTenantTransaction,
  invoices: readonly NewInvoice[],
  before: readonly Sql[],
): Promise<readonly SavedInvoice[]> {
  const issuing = invoices.filter(({ doubt }) => doubt === null).length;
  const results = await tx.batch([...before, ...(issuing === 0 ? [] : [drawing('invoice', issuing)])]);
  const numbers = issuing === 0 ? [] : upTo((results.at(-1) as { last: bigint }[])[0]!.last, issuing);
  return invoices.map((invoice): SavedInvoice => {
    if (invoice.doubt !== null) return { ...invoice, id: newId(), status: 'needs_approval', number: null };
    return { ...invoice, id: newId(), status: invoice.total === 0n ? 'paid' : 'issued', number: numbers.shift()! };
  });
}

export function insertions(tenant: string, saved: readonly SavedInvoice[], asOf: Date): Sql[] {
  if (saved.length === 0) return [];
  return [insertInvoices(tenant, saved, asOf), insertLines(tenant, saved), ...ledgerOf(tenant, saved, asOf)];
}

function ledgerOf(tenant: string, saved: readonly SavedInvoice[], asOf: Date): Sql[] {
  const posted = saved.filter(({ number }) => number !== null).flatMap((invoice): Posting[] => postings.issue(invoice));
  return posted.length === 0 ? [] : [saveLedger(tenant, posted, asOf)];
}

const insertInvoices = (tenant: string, invoices: readonly SavedInvoice[], asOf: Date): Sql => sql`
  insert into billing_invoices (tenant_id, id, subscription_id, period_seq, revision, status, currency, total_minor, number,
                                issued_at, due_at, settled_at, created_at, doubt)
  select ${tenant}::uuid, i.id, i.subscription, i.seq, i.revision, i.status, i.currency, i.total, i.number,
         case when i.number is not null then ${asOf}::timestamptz end, case when i.number is not null then i.due_at end,
         case when i.status = 'paid' then ${asOf}::timestamptz end, ${asOf}::timestamptz, i.doubt
    from unnest(${invoices.map(({ id }) => id)}::uuid[], ${invoices.map(({ subscription }) => subscription)}::uuid[],
                ${invoices.map(({ periodSeq }) => periodSeq)}::int[], ${invoices.map(({ revision }) => revision)}::int[],
                ${invoices.map(({ status }) => status)}::text[], ${invoices.map(({ currency }) => currency)}::text[],
                ${invoices.map(({ total }) => total)}::bigint[], ${invoices.map(({ number }) => number)}::bigint[],
                ${invoices.map(({ dueAt }) => dueAt.toISOString())}::timestamptz[], ${invoices.map(({ doubt }) => doubt)}::text[])
      as i(id, subscription, seq, revision, status, currency, total, number, due_at, doubt)`;

function insertLines(tenant: string, invoices: readonly SavedInvoice[]): Sql {
  const lines = invoices.flatMap(({ id, lines: own }) =>
    own.map((line, place) => ({ ...line, invoice: id, no: place + 1 })),
  );
  return sql`
    insert into billing_invoice_lines (tenant_id, invoice_id, line_no, line_key, kind, meter, phase, quantity, price_micro, amount_minor)
    select ${tenant}::uuid, l.* from unnest(
      ${lines.map((line) => line.invoice)}::uuid[], ${lines.map((line) => line.no)}::smallint[], ${lines.map((line) => line.key)}::text[],
      ${lines.map((line) => line.kind)}::text[], ${lines.map((line) => line.meter ?? null)}::text[],
      ${lines.map((line) => line.phase ?? null)}::smallint[], ${lines.map((line) => line.quantity)}::numeric[],
      ${lines.map((line) => line.priceMicro)}::numeric[], ${lines.map((line) => line.amount)}::bigint[]) as l`;
}

export interface Balance {
  readonly id: string;
  readonly status: InvoiceStatus;
  readonly number: bigint;
  readonly currency: string;
  readonly total: bigint;
  /** Payments, won disputes and the amount carried to the next invoice, less refunds, disputes and the tenant's surplus. */
  readonly paid: bigint;
  readonly credited: bigint;
  /** The part of the write-offs that was not paid later. */
  readonly writtenOff: bigint;
  /** Below zero: more was paid than is owed. */
  readonly owed: bigint;
}

type BalanceRow = Row<
  'billing_invoices',
  'id' | 'currency' | 'total_minor',
  { status: InvoiceStatus; number: bigint }
> & { paid: bigint; credited: bigint; written_off: bigint; owed: bigint };

/** Reads an issued invoice under the account's lock; undefined if there is none. */
export async function balanceOf(
  tx: CrossTenantTransaction,
  tenant: string,
  invoice: string,
): Promise<Balance | undefined> {
  const row = await tx.first<BalanceRow>(sql`
    select i.id, i.status, i.number, i.currency, i.total_minor, balance.paid, balance.credited, balance.written_off, balance.owed
      from billing_invoices i
     cross join lateral app.billing_balance(i.tenant_id, i.id, i.total_minor) as balance
     where i.tenant_id = ${tenant} and i.id = ${invoice} and i.number is not null`);
  if (!row) return undefined;
  const { total_minor: total, written_off: writtenOff, ...rest } = row;
  return { ...rest, total, writtenOff };
}
