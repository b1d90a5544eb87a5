import { newId } from '#kernel';
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { amountAboveZero, lockedNow, postings, saveLedger } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { invoiceRow } from '../data/invoice-rows.js';
import { type Balance, balanceOf, drawNumbers } from '../data/invoices.js';
import { applyBalance } from './apply-balance.js';

export interface CreditInvoice {
  readonly tenant: string;
  readonly invoice: string;
  /** The whole amount that is not credited yet, unless given. */
  readonly amount: string | undefined;
  readonly reason: string;
}

/**
 * An amount paid beyond the remaining debt becomes the tenant's surplus, for its next invoice.
 * Throws `invoice_not_found`, `invoice_not_issued`, `credit_exceeds_invoice` or `invalid_amount`.
 */
export async function creditInvoice(
  tx: CrossTenantTransaction,
  actor: string,
  { tenant, invoice, amount: wanted, reason }: CreditInvoice,
): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const balance = await issued(tx, tenant, invoice);
  const left = balance.total - balance.credited;
  const amount = wanted === undefined ? left : amountAboveZero(wanted, balance.currency);
  if (amount > left || left <= 0n) throw errors.credit_exceeds_invoice();
  await saveNote(tx, { tenant, kind: 'credit', amount, actor, reason, now, balance });
  await applyBalance(tx, tenant, invoice, now, actor);
}

/** Throws `invoice_not_found`, `invoice_not_issued` or `nothing_owed`. */
export async function writeOffInvoice(
  tx: CrossTenantTransaction,
  actor: string,
  { tenant, invoice, reason }: Omit<CreditInvoice, 'amount'>,
): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const balance = await issued(tx, tenant, invoice);
  if (balance.owed <= 0n) throw errors.nothing_owed();
  await saveNote(tx, { tenant, kind: 'write_off', amount: balance.owed, actor, reason, now, balance });
  await applyBalance(tx, tenant, invoice, now, actor);
}

interface Note {
  readonly tenant: string;
  readonly kind: 'credit' | 'write_off';
  readonly amount: bigint;
  readonly actor: string;
  readonly reason: string;
  readonly now: Date;
  readonly balance: Balance;
}

async function saveNote(tx: CrossTenantTransaction, note: Note): Promise<void> {
  const { tenant, kind, amount, actor, reason, now, balance } = note;
  const [id, [number]] = [newId(), (await drawNumbers(tx, 'credit_note', 1)) as [bigint]];
  await tx.batch([
    sql`insert into billing_credit_notes (tenant_id, id, invoice_id, number, kind, amount_minor, at, actor, reason)
        values (${tenant}, ${id}, ${balance.id}, ${number}, ${kind}, ${amount}, ${now}, ${actor}, ${reason})`,
    saveLedger(tenant, [postings.creditNote(id, kind, amount, balance.currency)], now),
  ]);
}

/** Throws `invoice_not_found` or `invoice_not_issued`. */
export async function issued(tx: CrossTenantTransaction, tenant: string, invoice: string): Promise<Balance> {
  const balance = await balanceOf(tx, tenant, invoice);
  if (balance) return balance;
  const isThere = (await tx.first(invoiceRow({ tenant, id: invoice }))) !== undefined;
  throw isThere ? errors.invoice_not_issued() : errors.invoice_not_found();
}
