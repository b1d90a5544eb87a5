/** Translates Stripe's objects about money, from their present state alone. */
import type Stripe from 'stripe';
import { isUuid } from '#kernel';
import type { Movement, Settled, Notification } from './port.js';
import { fromStripeAmount } from './stripe-amounts.js';
import { classify } from './stripe-declines.js';

/** Metadata on every charge of ours, by which an object is matched to its invoice. */
export interface Reference {
  readonly tenant: string;
  readonly invoice: string;
  readonly attemptId: string;
}

export function metadataOf({ tenant, invoice, attemptId }: Reference): Record<string, string> {
  return { tenant_id: tenant, invoice_id: invoice, attempt_id: attemptId };
}

/** Undefined for a charge that another user of the same account made. */
function referenceOf({ metadata }: Pick<Stripe.PaymentIntent, 'metadata'>): Reference | undefined {
  const { tenant_id: tenant, invoice_id: invoice, attempt_id: attemptId } = metadata as Record<string, unknown>;
  return isUuid(tenant) && isUuid(invoice) && isUuid(attemptId) ? { tenant, invoice, attemptId } : undefined;
}

/** Null while Stripe has not ended it; also without a recorded failure, when a confirmation may still be in progress. */
export function settledBy(intent: Stripe.PaymentIntent): Settled | null {
  if (intent.status === 'succeeded') {
    const currency = intent.currency.toUpperCase();
    const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
    const payment = {
      providerId: intent.id,
      amount: fromStripeAmount(intent.amount_received, currency),
      currency,
      means: charge?.payment_method_details?.type ?? intent.payment_method_types[0] ?? 'card',
      at: dateOf(charge?.created ?? intent.created),
    };
    return { state: 'succeeded', payment };
  }
  if (intent.status === 'canceled') {
    return {
      state: 'declined',
      decline: 'soft',
      code: intent.cancellation_reason ?? 'canceled',
      providerId: intent.id,
    };
  }
  if (intent.status !== 'requires_payment_method' || !intent.last_payment_error) return null;
  return { state: 'declined', ...classify(intent.last_payment_error), providerId: intent.id };
}

export function notificationOfIntent(intent: Stripe.PaymentIntent): Notification {
  const outcome = settledBy(intent);
  const movements: Movement[] = outcome?.state === 'succeeded' ? [{ kind: 'payment', ...outcome.payment }] : [];
  return notificationOfMoney(intent, movements, outcome);
}

/** A refund counts once the money has left; Stripe sends another event when a pending one succeeds. */
export function notificationOfRefund(refund: Stripe.Refund, intent: Stripe.PaymentIntent): Notification {
  if (refund.status !== 'succeeded') return notificationOfMoney(intent, []);
  const amount = fromStripeAmount(refund.amount, refund.currency.toUpperCase());
  const movement: Movement = {
    kind: 'refund',
    amount,
    providerId: refund.id,
    means: 'refund',
    at: dateOf(refund.created),
    reason: refund.reason ?? undefined,
  };
  return notificationOfMoney(intent, [movement]);
}

/**
 * A dispute has up to two balance transactions: the money withdrawn, and returned when we win. An inquiry has none.
 * https://docs.stripe.com/api/disputes/object#dispute_object-balance_transactions
 */
export function notificationOfDispute(dispute: Stripe.Dispute, intent: Stripe.PaymentIntent): Notification {
  const amount = fromStripeAmount(dispute.amount, dispute.currency.toUpperCase());
  const common = { amount, providerId: dispute.id, means: 'dispute', reason: dispute.reason };
  const movements = dispute.balance_transactions.map(({ amount: moved, created }): Movement => ({
    ...common,
    kind: moved < 0 ? 'dispute' : 'dispute_won',
    at: dateOf(created),
  }));
  return notificationOfMoney(intent, movements);
}

function notificationOfMoney(
  intent: Stripe.PaymentIntent,
  movements: readonly Movement[],
  outcome: Settled | null = null,
): Notification {
  const reference = referenceOf(intent);
  if (!reference) return { kind: 'ignored', because: 'not_ours' };
  const { tenant, invoice, attemptId } = reference;
  const settles = outcome && { attemptId, outcome };
  return { kind: 'money', tenant, invoice, currency: intent.currency.toUpperCase(), movements, settles };
}

function dateOf(seconds: number): Date {
  return new Date(seconds * 1_000);
}
