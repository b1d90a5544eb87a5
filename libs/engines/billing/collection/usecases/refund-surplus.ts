/**
 * Refunds a store's overpayment instead of using it for the next invoice. A person does this by hand, with the bank's
 * reference. A refund to a card is made at the provider, and its event is applied in the same way, see record-fact.ts.
 */
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { accessOverview } from '../../access/index.js';
import { amountAboveZero, instantOf, lockedNow } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { giveSurplusBack, surplusByInvoice } from './record-fact.js';

const PROVIDER = 'manual';

export interface RefundSurplus {
  readonly tenant: string;
  /** The whole surplus unless given. */
  readonly amount: string | undefined;
  readonly means: string;
  readonly reference: string;
  readonly at: string | undefined;
  readonly reason: string;
}

/**
 * A second call with the same reference records nothing new. Throws `account_not_found`, `nothing_overpaid`,
 * `invalid_amount`, `refund_exceeds_surplus`, `payment_in_the_future` or `payment_reference_taken`.
 */
export async function refundSurplus(tx: CrossTenantTransaction, actor: string, refund: RefundSurplus): Promise<void> {
  const { tenant, means, reference, reason } = refund;
  const now = await lockedNow(tx, tenant);
  const { currency } = (await tx.first(accessOverview(tenant)))!;
  const wanted = refund.amount === undefined ? undefined : amountAboveZero(refund.amount, currency);
  const at = refund.at === undefined ? now : await instantOf(tx, tenant, refund.at);
  if (at > now) throw errors.payment_in_the_future();
  const known = await knownUnder(tx, tenant, reference);
  if (known !== undefined) {
    if (known.isSurplus && (wanted === undefined || wanted === known.amount)) return;
    throw errors.payment_reference_taken();
  }
  const parts = await surplusByInvoice(tx, tenant);
  const overpaid = parts.reduce((sum, { amount }) => sum + amount, 0n);
  if (overpaid === 0n) throw errors.nothing_overpaid();
  const amount = wanted ?? overpaid;
  if (amount > overpaid) throw errors.refund_exceeds_surplus();
  let left = amount;
  for (const [place, part] of parts.entries()) {
    if (left === 0n) return;
    const taken = part.amount < left ? part.amount : left;
    left -= taken;
    const providerId = place === 0 ? reference : `${reference}#${place + 1}`;
    const fact = {
      tenant,
      invoice: part.invoice,
      amount: taken,
      provider: PROVIDER,
      providerId,
      means,
      at,
      actor,
      reason,
    };
    await giveSurplusBack(tx, fact, currency, now);
  }
}

async function knownUnder(
  tx: CrossTenantTransaction,
  tenant: string,
  reference: string,
): Promise<{ readonly amount: bigint; readonly isSurplus: boolean } | undefined> {
  const row = await tx.first(sql<{ amount: bigint | null; is_surplus: boolean }>`
    select sum(amount_minor)::bigint as amount, bool_and(kind = 'surplus_refund') as is_surplus from billing_payment_facts
     where tenant_id = ${tenant} and provider = ${PROVIDER} and kind in ('refund', 'surplus_refund')
       and (provider_id = ${reference} or starts_with(provider_id, ${`${reference}#`}))`);
  return row && row.amount !== null ? { amount: row.amount, isSurplus: row.is_surplus } : undefined;
}
