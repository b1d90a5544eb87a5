/**
 * Money that moved, and what follows from it in the same transaction: the invoice is settled or owed again, the surplus
 * grows, and a tenant whose debt is gone has its access back.
 */
import { invoiceSettled } from '#contracts/billing/events';
import { Money, newId } from '#kernel';
import { type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { announce, lockedNow } from '../../accounts/data/accounts.js';
import { readAccess, saveDecision } from '../../access/data/access.js';
import { type Balance, balanceOf, type InvoiceStatus } from '../../invoicing/data/invoices.js';
import { postings, saveLedger } from '../../accounts/data/ledger.js';
import { decideRestoration } from '../../access/domain/access.js';
import { errors } from '../../errors.js';

export type FactKind = 'payment' | 'refund' | 'dispute' | 'dispute_won';

export interface NewFact {
  readonly tenant: string;
  readonly invoice: string;
  readonly kind: FactKind;
  /** Minor units of the invoice's currency, above zero. */
  readonly amount: bigint;
  readonly provider: string;
  /** The provider's name for it: the same fact told twice is one. */
  readonly providerId: string;
  /** `card`, `pix`, `transfer`, `cash`, … */
  readonly means: string;
  readonly at: Date;
  readonly actor: string;
  readonly reason?: string | undefined;
}

/**
 * False if the fact was known already. Takes the account's lock. Throws `invoice_not_found`.
 *
 * Money that goes back is what was overpaid on the invoice, as far as no later invoice has taken it up; only the rest makes it
 * owed again.
 */
export async function recordFact(tx: CrossTenantTransaction, fact: NewFact): Promise<boolean> {
  const { tenant, invoice, kind, amount } = fact;
  const asOf = await lockedNow(tx, tenant);
  const before = await balanceOf(tx, tenant, invoice);
  if (!before) throw errors.invoice_not_found();
  if (kind !== 'refund') return recordPart(tx, fact, before, asOf);
  if (await isRefundKnown(tx, fact)) return false;
  const [left] = await surplusByInvoice(tx, tenant, invoice);
  const overpaid = left === undefined ? 0n : left.amount < amount ? left.amount : amount;
  if (overpaid > 0n) await giveSurplusBack(tx, { ...fact, amount: overpaid }, before.currency, asOf);
  return overpaid === amount || recordPart(tx, { ...fact, amount: amount - overpaid }, before, asOf);
}

/** Under whichever kinds it was written down. */
async function isRefundKnown(tx: CrossTenantTransaction, { tenant, provider, providerId }: NewFact): Promise<boolean> {
  const row = await tx.first(sql`
    select from billing_payment_facts
     where tenant_id = ${tenant} and provider = ${provider} and provider_id = ${providerId} and kind in ('refund', 'surplus_refund')`);
  return row !== undefined;
}

/**
 * What was overpaid, by the invoice it was paid on, newest first, and never more than the account has left. Of one invoice
 * where it is named.
 */
export async function surplusByInvoice(
  tx: CrossTenantTransaction,
  tenant: string,
  invoice: string | null = null,
): Promise<{ readonly invoice: string; readonly amount: bigint }[]> {
  const rows = await tx.query(sql<Row<'billing_payment_facts', 'invoice_id'> & { amount: bigint; surplus: bigint }>`
    select f.invoice_id, sum(case f.kind when 'surplus' then f.amount_minor else -f.amount_minor end)::bigint as amount,
           (select surplus_minor from billing_accounts where tenant_id = ${tenant}) as surplus
      from billing_payment_facts f
     where f.tenant_id = ${tenant} and f.kind in ('surplus', 'surplus_refund')
       and (${invoice}::uuid is null or f.invoice_id = ${invoice}::uuid)
     group by f.invoice_id
     order by max(f.id::text) desc`);
  let left = rows[0]?.surplus ?? 0n;
  return rows.flatMap(({ invoice_id: of, amount }) => {
    const part = amount < left ? amount : left;
    if (part <= 0n) return [];
    left -= part;
    return [{ invoice: of, amount: part }];
  });
}

/** Sends back what the account holds; the invoice itself is not owed again. The account's lock is held. */
export async function giveSurplusBack(
  tx: CrossTenantTransaction,
  fact: Omit<NewFact, 'kind'>,
  currency: string,
  asOf: Date,
): Promise<void> {
  const { tenant, amount } = fact;
  const id = newId();
  await tx.batch([
    sql`insert into billing_payment_facts (tenant_id, id, invoice_id, kind, amount_minor, provider, provider_id, means, at, recorded_at, actor, reason)
        values (${tenant}, ${id}, ${fact.invoice}, 'surplus_refund', ${amount}, ${fact.provider}, ${fact.providerId}, ${fact.means},
                ${fact.at}, app.now(), ${fact.actor}, ${fact.reason ?? null})`,
    sql`update billing_accounts set surplus_minor = surplus_minor - ${amount} where tenant_id = ${tenant}`,
    saveLedger(tenant, [postings.surplusRefund(id, amount, currency)], asOf),
  ]);
}

async function recordPart(tx: CrossTenantTransaction, fact: NewFact, before: Balance, asOf: Date): Promise<boolean> {
  const { tenant, invoice, kind, amount } = fact;
  const id = newId();
  const added = await tx.execute(sql`
    insert into billing_payment_facts (tenant_id, id, invoice_id, kind, amount_minor, provider, provider_id, means, at, recorded_at, actor, reason)
    values (${tenant}, ${id}, ${invoice}, ${kind}, ${amount}, ${fact.provider}, ${fact.providerId}, ${fact.means}, ${fact.at},
            app.now(), ${fact.actor}, ${fact.reason ?? null})
    on conflict (tenant_id, provider, provider_id, kind) do nothing`);
  if (added === 0) return false;
  const after = (await balanceOf(tx, tenant, invoice))!;
  const recovered = before.writtenOff - after.writtenOff;
  const posted = [postings.fact(id, kind, amount, before.currency)];
  // Below zero: what had been paid after all went back, and is lost again.
  if (recovered !== 0n) posted.push(postings.recovery(id, recovered, before.currency));
  await tx.execute(saveLedger(tenant, posted, asOf));
  await settle(tx, tenant, invoice, asOf, fact.actor);
  return true;
}

/** Brings an invoice and its tenant's access in line with what is owed by now; the account's lock is held. */
export async function settle(
  tx: CrossTenantTransaction,
  tenant: string,
  invoice: string,
  asOf: Date,
  actor: string,
): Promise<void> {
  const balance = (await balanceOf(tx, tenant, invoice))!;
  // What was paid beyond the invoice belongs to the tenant: the next invoice takes it up.
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
 * What is left is too little to charge: the next invoice takes it up as a `carry` line, and this one is settled. The
 * account's lock is held.
 */
export async function carryOn(
  tx: CrossTenantTransaction,
  tenant: string,
  invoice: string,
  asOf: Date,
  actor: string,
): Promise<void> {
  const balance = (await balanceOf(tx, tenant, invoice))!;
  if (balance.status !== 'issued' || balance.owed <= 0n) return;
  await moveInside(tx, tenant, balance, 'carried', balance.owed, asOf, actor);
  await settle(tx, tenant, invoice, asOf, actor);
}

/** A payment can lift a tenant and never push one down; what a dispute does is left to the next pass. */
async function restore(tx: CrossTenantTransaction, tenant: string, asOf: Date, actor: string): Promise<void> {
  const picture = await readAccess(tx, tenant, asOf);
  if (!picture) return;
  const decision = decideRestoration(picture, asOf);
  const isUnchanged =
    decision.transitions.length === 0 && decision.releasesHolds.length === 0 && decision.closesEpisode === undefined;
  if (!isUnchanged) await saveDecision(tx, tenant, picture, decision, asOf, actor);
}

/** From an invoice to its tenant's account, where the next invoice finds it. */
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

/** Owed again after a refund or a dispute, an invoice is open again; what a person gave up stays so until it is paid. */
function statusOf({ owed, paid, credited, writtenOff, total }: Balance): InvoiceStatus {
  if (owed > 0n) return 'issued';
  if (writtenOff > 0n) return 'uncollectible';
  return credited >= total && total > 0n && paid <= 0n ? 'void' : 'paid';
}

function settledEvent({ id, number, currency, total }: Balance) {
  return { invoice_id: id, number: Number(number), total: new Money(total, currency).toText(), currency };
}
