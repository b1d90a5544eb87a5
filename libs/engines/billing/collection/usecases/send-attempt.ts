/**
 * Sends an attempt that is marked as sent to the provider, outside of any transaction, and records the answer:
 *
 *   (row is sent) ─▶ call ─▶ lock, record the answer, the money as a fact
 *
 * A crash at any step leaves the row as it is; the provider is asked about it later.
 */
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import { lockedNow } from '../../accounts/index.js';
import { carryForward } from '../../invoicing/index.js';
import { readAttempt, saveAttempt, type StoredAttempt } from '../data/attempts.js';
import { type Decline, recordAnswer } from '../domain/attempts.js';
import type { ChargeAnswer, Payment, PaymentProvider, Settled } from '../providers/port.js';
import { recordFact } from './record-fact.js';

export const ACTOR = 'system:billing';

export type SentAs =
  | { readonly state: 'succeeded' }
  /** `carried` and `not_chargeable`: because of the amount, independent of the method. */
  | { readonly state: 'declined'; readonly because?: 'carried' | 'not_chargeable' | undefined }
  | { readonly state: 'unknown'; readonly because: string };

export async function sendAttempt(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  attempt: StoredAttempt,
): Promise<SentAs> {
  const { tenant, id: attemptId, invoiceId, invoiceNumber, amount, currency, methodRef } = attempt;
  const answer = await provider.charge({
    attemptId,
    tenant,
    invoiceId,
    invoiceNumber,
    amount,
    currency,
    methodRef,
  });
  await database.transaction(async (tx) => {
    const at = await lockedNow(tx, tenant);
    const current = await readAttempt(tx, tenant, attemptId);
    if (!current) return;
    const providerId = providerIdOf(answer) ?? current.providerId;
    await tx.execute(saveAttempt({ ...current, ...recordAnswer(current, answer), providerId }, at));
    // Money that moved is recorded as a fact, also when the row got its outcome in another way, or lost it.
    if (answer.state === 'succeeded') await recordPayment(tx, provider.name, current, answer.payment);
    if (isTooSmall(answer)) await carryForward(tx, tenant, invoiceId, at, ACTOR);
  });
  if (answer.state === 'unknown') return { state: 'unknown', because: answer.because };
  if (answer.state === 'succeeded') return { state: 'succeeded' };
  return { state: 'declined', because: becauseOf(answer.decline) };
}

function isTooSmall(answer: ChargeAnswer): boolean {
  return answer.state === 'declined' && answer.decline === 'too_small';
}

function becauseOf(decline: Decline): 'carried' | 'not_chargeable' | undefined {
  if (decline === 'too_small') return 'carried';
  return decline === 'not_chargeable' ? decline : undefined;
}

export async function recordPayment(
  tx: CrossTenantTransaction,
  provider: string,
  { tenant, invoiceId: invoice }: Pick<StoredAttempt, 'tenant' | 'invoiceId'>,
  { amount, providerId, means, at }: Payment,
): Promise<boolean> {
  return recordFact(tx, { tenant, invoice, kind: 'payment', amount, provider, providerId, means, at, actor: ACTOR });
}

export function providerIdOf(answer: ChargeAnswer | Settled): string | null {
  return answer.state === 'succeeded' ? answer.payment.providerId : answer.providerId;
}
