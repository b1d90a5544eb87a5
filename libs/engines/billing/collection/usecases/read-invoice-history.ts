/** An invoice with all facts that changed its balance. */
import type { Reading } from '../../accounts/index.js';
import {
  type CreditRow,
  creditRows,
  type InvoiceFilter,
  type InvoiceWithLines,
  invoiceWithLines,
} from '../../invoicing/index.js';
import { type FactRow, factsOfInvoice } from '../data/payment-rows.js';

export interface InvoiceHistory extends InvoiceWithLines {
  readonly facts: readonly FactRow[];
  readonly notes: readonly CreditRow[];
}

/** Throws `invoice_not_found`. */
export async function readInvoiceHistory(
  tx: Reading,
  filter: InvoiceFilter & { readonly id: string },
): Promise<InvoiceHistory> {
  const found = await invoiceWithLines(tx, filter);
  const { tenant_id: tenant, id } = found.invoice;
  const [facts, notes] = await tx.batch([factsOfInvoice(tenant, id), creditRows(tenant, id)]);
  return { ...found, facts, notes };
}
