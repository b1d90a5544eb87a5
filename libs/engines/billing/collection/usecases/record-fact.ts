/**
 * Records a money movement and applies its effects in the same transaction: the invoice is settled or owed again, the
 * surplus grows, and a tenant without a debt has its access back.
 */
import { newId } from '#kernel';
import { type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { lockedNow, postings, saveLedger } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { type Balance, balanceOf, applyBalance } from '../../invoicing/index.js';

export type FactKind = 'payment' | 'refund' | 'dispute' | 'dispute_won';

export interface NewFact {
  readonly tenant: string;
  readonly invoice: string;
  readonly kind: FactKind;
  /** Minor units of the invoice's currency, above zero. */
  readonly amount: bigint;
  readonly provider: string;
  /** The provider's id of the fact; a repeated fact is recorded once. */
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
 * A refund first returns the overpayment of the invoice, as far as no later invoice has taken it up; only the rest makes the
 * invoice owed again.
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

/** Under all kinds with which it may have been recorded. */
async function isRefundKnown(tx: CrossTenantTransaction, { tenant, provider, providerId }: NewFact): Promise<boolean> {
  const row = await tx.first(sql`
    select from billing_payment_facts
     where tenant_id = ${tenant} and provider = ${provider} and provider_id = ${providerId} and kind in ('refund', 'surplus_refund')`);
  return row !== undefined;
}

/**
 * Overpayments by the invoice on which they were made, newest first, and never more than the account still holds. With an
 * invoice given, the overpayment of that invoice alone.
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

/** Returns money that the account holds; the invoice itself is not owed again. The caller holds the account's lock. */
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
  // Below zero: a written-off debt that was paid later went back, and is lost again.
  if (recovered !== 0n) posted.push(postings.recovery(id, recovered, before.currency));
  await tx.execute(saveLedger(tenant, posted, asOf));
  await applyBalance(tx, tenant, invoice, asOf, fact.actor);
  return true;
}
