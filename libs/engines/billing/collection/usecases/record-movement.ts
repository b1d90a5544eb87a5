/** A money movement that a person records. The bank's reference identifies it: recorded twice, it counts once. */
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { amountAboveZero, instantOf, lockedNow } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { issued } from '../../invoicing/index.js';
import { recordFact, surplusByInvoice } from './record-fact.js';

const PROVIDER = 'manual';
/** A refund returns the overpayment first. */
const KINDS = { payment: ['payment'], refund: ['refund', 'surplus_refund'] } as const;

export interface Movement {
  readonly tenant: string;
  readonly invoice: string;
  readonly amount: string;
  readonly means: string;
  readonly reference: string;
  /** An instant or a local day; now unless given. */
  readonly at: string | undefined;
  readonly reason: string;
}

/**
 * Throws `invoice_not_found`, `invoice_not_issued`, `invalid_amount`, `payment_in_the_future`, `payment_reference_taken` or,
 * for a refund, `refund_exceeds_payments`.
 */
export async function recordMovement(
  tx: CrossTenantTransaction,
  actor: string,
  kind: 'payment' | 'refund',
  movement: Movement,
): Promise<void> {
  const { tenant, invoice, means, reference, reason } = movement;
  const now = await lockedNow(tx, tenant);
  const balance = await issued(tx, tenant, invoice);
  const amount = amountAboveZero(movement.amount, balance.currency);
  const at = movement.at === undefined ? now : await instantOf(tx, tenant, movement.at);
  if (at > now) throw errors.payment_in_the_future();
  const known = await tx.first<{ invoice_id: string; amount_minor: bigint }>(sql`
    select min(invoice_id::text) as invoice_id, sum(amount_minor)::bigint as amount_minor from billing_payment_facts
     where tenant_id = ${tenant} and provider = ${PROVIDER} and provider_id = ${reference} and kind = any(${KINDS[kind]}::text[])
    having count(*) > 0`);
  if (known) {
    if (known.invoice_id === invoice && known.amount_minor === amount) return;
    throw errors.payment_reference_taken();
  }
  const [overpaid] = kind === 'refund' ? await surplusByInvoice(tx, tenant, invoice) : [];
  if (kind === 'refund' && amount > balance.paid + (overpaid?.amount ?? 0n)) throw errors.refund_exceeds_payments();
  await recordFact(tx, {
    tenant,
    invoice,
    kind,
    amount,
    provider: PROVIDER,
    providerId: reference,
    means,
    at,
    actor,
    reason,
  });
}
