/**
 * Asks the provider about every attempt of uncertain outcome, and does what the domain resolves:
 *
 *   read the clock ─▶ ask ─▶ lock, re-read, resolve, save ─▶ commit ─▶ (send again, with the same key)
 *
 * The clock is read before the lookup, so that no answer counts as newer than it is.
 */
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import { NOT_FENCED } from '#platform/recovery';
import { CLOCK, lockedNow } from '../../accounts/index.js';
import {
  type AttemptCursor,
  readAttempt,
  saveAttempt,
  type StoredAttempt,
  unsettledAttempts,
} from '../data/attempts.js';
import { applyResolution, resolveUnknown } from '../domain/attempts.js';
import type { FindAnswer, PaymentProvider } from '../providers/port.js';
import { withConcurrencyLimit, Outage } from './concurrency-limit.js';
import { providerIdOf, recordPayment, sendAttempt } from './send-attempt.js';

export interface ReconcileRun {
  /** Defaults to the database's clock. */
  readonly asOf?: Date | undefined;
  readonly tenant?: string | undefined;
  /** The largest number of attempts to ask about. */
  readonly limit: number;
}

export type ReconcileOutcome = 'paid' | 'declined' | 'given_up' | 'unknown' | 'settled_elsewhere';

export type Reconciled = { readonly tenant: string; readonly invoice: string; readonly attempt: string } & (
  | {
      readonly outcome: ReconcileOutcome;
      /** The reason why it is still unknown. */
      readonly because?: string | undefined;
    }
  | { readonly error: unknown }
);

const PAGE = 200;

/** A failure of one attempt is reported and stops no other; while the provider is unavailable, the next run takes the rest. */
export async function* reconcileAttempts(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  run: ReconcileRun,
): AsyncGenerator<Reconciled> {
  const outage = new Outage();
  yield* withConcurrencyLimit(openAttempts(database, provider, run, outage), async (attempt): Promise<Reconciled> => {
    const about = { tenant: attempt.tenant, invoice: attempt.invoiceId, attempt: attempt.id };
    try {
      const resolved = await reconcile(database, provider, attempt, run.asOf);
      outage.note(resolved.because !== 'unavailable');
      return { ...about, ...resolved };
    } catch (error) {
      return { ...about, error };
    }
  });
}

async function* openAttempts(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  { tenant, limit }: ReconcileRun,
  outage: Outage,
): AsyncGenerator<StoredAttempt> {
  let after: AttemptCursor | null = null;
  for (let left = limit; left > 0; left -= PAGE) {
    const page = await unsettledAttempts(database, provider.name, after, Math.min(left, PAGE), tenant);
    for (const attempt of page) {
      if (outage.hasBegun) return;
      yield attempt;
    }
    if (page.length < PAGE) return;
    after = page.at(-1)!;
  }
}

interface Resolved {
  readonly outcome: ReconcileOutcome | 'send_again';
  readonly because?: string | undefined;
}

async function reconcile(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  attempt: StoredAttempt,
  givenAsOf: Date | undefined,
): Promise<Resolved & { readonly outcome: ReconcileOutcome }> {
  const { tenant, id } = attempt;
  const asOf = givenAsOf ?? (await database.first(CLOCK))!.now;
  const answer = await provider.find({ attemptId: id, providerId: attempt.providerId });
  const work = async (tx: CrossTenantTransaction): Promise<Resolved> => {
    const now = await lockedNow(tx, tenant);
    const current = await readAttempt(tx, tenant, id);
    return current ? resolve(tx, provider.name, current, answer, asOf, now) : { outcome: 'settled_elsewhere' };
  };
  const { outcome, because } = await database.transaction(work, { guard: NOT_FENCED });
  if (outcome !== 'send_again') return { outcome, because };
  const sent = await sendAttempt(database, provider, attempt);
  if (sent.state === 'unknown') return { outcome: 'unknown', because: sent.because };
  return { outcome: sent.state === 'succeeded' ? 'paid' : 'declined' };
}

/** Runs in the transaction, under the lock. */
async function resolve(
  tx: CrossTenantTransaction,
  provider: string,
  current: StoredAttempt,
  answer: FindAnswer,
  asOf: Date,
  now: Date,
): Promise<Resolved> {
  const resolution = resolveUnknown(current, answer, asOf, now);
  if (resolution.act === 'none') return { outcome: 'settled_elsewhere' };
  if (resolution.act === 'wait') return { outcome: 'unknown', because: resolution.because };
  const settled = answer.kind === 'found' ? answer.outcome : null;
  const providerId = (settled && providerIdOf(settled)) ?? current.providerId;
  await tx.execute(saveAttempt({ ...current, ...applyResolution(current, resolution, now), providerId }, now));
  if (resolution.act === 'send_again') return { outcome: 'send_again' };
  if (resolution.act === 'give_up') return { outcome: 'given_up' };
  if (settled?.state === 'succeeded') await recordPayment(tx, provider, current, settled.payment);
  return { outcome: resolution.outcome.state === 'succeeded' ? 'paid' : 'declined' };
}
