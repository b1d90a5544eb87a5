/**
 * Applies an invoice's balance in the same transaction: the status of the invoice, the tenant's surplus, and the access of
 * a tenant that no longer owes.
 */

import { invoiceSettled } from '#contracts/billing/events';
import { Money, newId } from '#kernel';
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { decideRestoration, readAccess, saveDecision } from '../../access/index.js';
import { announce, postings, saveLedger } from '../../accounts/index.js';
import { type Balance, balanceOf, type InvoiceStatus } from '../data/invoices.js';

/** Updates the invoice's status and its tenant's access to the present balance; the caller holds the account's lock. */
export async function applyBalance(
  tx: CrossTenantTransaction,
  tenant: string,
  invoice: string,
  asOf: Date,
  actor: string,
): Promise<void> {
  const balance = (await balanceOf(tx, tenant, invoice))!;
  // An overpayment belongs to the tenant: the next invoice takes it up.
  if (balance.owed < 0n) await moveInside(tx, tenant, balance, 'surplus', -balance.owed, asOf, actor);
  const status = statusOf(balance);
  if (status !== balance.status) {
    await tx.execute(sql`
      update billing_invoices set status = ${status}, version = version + 1,
                                  settled_at = case when ${status !== 'issued'} then ${asOf}::timestamptz end
       where tenant_id = ${tenant} and id = ${invoice}`);
    if (status === 'paid') await announce(tx, tenant, invoiceSettled, settledEvent(balance), actor);
  }
  await restore(tx, tenant, asOf, actor);
}

/**
 * The remainder is too small to charge: the next invoice takes it up as a `carry` line, and this invoice is settled. The
 * caller holds the account's lock.
 */
export async function carryForward(
  tx: CrossTenantTransaction,
  tenant: string,
  invoice: string,
  asOf: Date,
  actor: string,
): Promise<void> {
  const balance = (await balanceOf(tx, tenant, invoice))!;
  if (balance.status !== 'issued' || balance.owed <= 0n) return;
  await moveInside(tx, tenant, balance, 'carried', balance.owed, asOf, actor);
  await applyBalance(tx, tenant, invoice, asOf, actor);
}

/** A payment can improve a tenant's access and never worsen it; the next pass applies the effect of a dispute. */
async function restore(tx: CrossTenantTransaction, tenant: string, asOf: Date, actor: string): Promise<void> {
  const stored = await readAccess(tx, tenant, asOf);
  if (!stored) return;
  const decision = decideRestoration(stored, asOf);
  const isUnchanged =
    decision.transitions.length === 0 && decision.releasesHolds.length === 0 && decision.closesEpisode === undefined;
  if (!isUnchanged) await saveDecision(tx, tenant, stored, decision, asOf, actor);
}

/** Moves the amount from an invoice to its tenant's account, where the next invoice finds it. */
async function moveInside(
  tx: CrossTenantTransaction,
  tenant: string,
  { id: invoice, currency }: Balance,
  kind: 'surplus' | 'carried',
  amount: bigint,
  asOf: Date,
  actor: string,
): Promise<void> {
  const id = newId();
  const [surplus, carried] = kind === 'surplus' ? [amount, 0n] : [0n, amount];
  await tx.batch([
    sql`insert into billing_payment_facts (tenant_id, id, invoice_id, kind, amount_minor, provider, provider_id, means, at, recorded_at, actor)
        values (${tenant}, ${id}, ${invoice}, ${kind}, ${amount}, 'internal', ${id}, ${kind}, ${asOf}, app.now(), ${actor})`,
    sql`update billing_accounts set surplus_minor = surplus_minor + ${surplus}::bigint, carried_minor = carried_minor + ${carried}::bigint
         where tenant_id = ${tenant}`,
    saveLedger(tenant, [postings.fact(id, kind, amount, currency)], asOf),
  ]);
}

/** An invoice owed again after a refund or a dispute is open again; a written-off amount stays so until it is paid. */
function statusOf({ owed, paid, credited, writtenOff, total }: Balance): InvoiceStatus {
  if (owed > 0n) return 'issued';
  if (writtenOff > 0n) return 'uncollectible';
  return credited >= total && total > 0n && paid <= 0n ? 'void' : 'paid';
}

function settledEvent({ id, number, currency, total }: Balance) {
  return { invoice_id: id, number: Number(number), total: new Money(total, currency).toText(), currency };
}
