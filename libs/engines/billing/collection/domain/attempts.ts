/**
 * Attempts to charge an invoice, one in flight at a time. Each row exists before its call, and the provider deduplicates by
 * the row's id.
 *
 *   created ─▶ sent ─▶ succeeded | declined        the provider's answer to our call
 *               │ ▲
 *               ▼ │ the same key again, while the provider remembers it
 *             unknown ─▶ succeeded | declined      the provider's answer to our lookup, never a guess
 *
 * A decline is `soft` (worth another try), `hard` (this method will never pay) or `never_arrived` (a lookup, late enough to
 * be certain, found no trace of the attempt); `never_arrived` uses up no retry and allows a new attempt. Two more declines
 * concern the amount, independent of the method: `too_small` is carried to the next invoice and never becomes a debt;
 * `not_chargeable` (the provider refuses the digits or the size) must be paid by the tenant in another way, and is past due
 * until then.
 */
import { StateMachine } from '#kernel';

export type AttemptState = 'created' | 'sent' | 'unknown' | 'succeeded' | 'declined';
export type Decline = 'soft' | 'hard' | 'never_arrived' | 'too_small' | 'not_chargeable';

export const attemptStates = new StateMachine<AttemptState>('payment attempt', {
  created: ['sent'],
  sent: ['sent', 'unknown', 'succeeded', 'declined'],
  unknown: ['sent', 'succeeded', 'declined'],
  succeeded: [],
  declined: [],
});

export interface Attempt {
  readonly state: AttemptState;
  readonly decline: Decline | null;
  readonly methodId: string;
  readonly createdAt: Date;
  /** The last time it was sent to the provider. */
  readonly sentAt: Date | null;
}

export function isInFlight({ state }: Pick<Attempt, 'state'>): boolean {
  return state === 'created' || state === 'sent' || state === 'unknown';
}

export type Outcome =
  { readonly state: 'succeeded' } | { readonly state: 'declined'; readonly decline: Exclude<Decline, 'never_arrived'> };

/** Recorded before every call, the first and each repetition: after a crash in the call, the row states that it was sent. */
export function markSent(attempt: Attempt, at: Date): Attempt {
  attemptStates.assert(attempt.state, 'sent');
  return { ...attempt, state: 'sent', sentAt: at };
}

/**
 * The answer to our own call. An answer that comes after our timeout changes nothing: the lookup that is due by then finds
 * the same outcome. So there is one way out of `unknown` instead of two that race.
 */
export function recordAnswer(attempt: Attempt, answer: Outcome | { readonly state: 'unknown' }): Attempt {
  if (attempt.state === 'unknown' || !isInFlight(attempt)) return attempt;
  return settled(attempt, answer);
}

/** Days of the grace on which a declined charge is tried again; all before the grace of seven days ends. */
export const RETRY_DAYS = [0, 2, 4, 6] as const;

export interface ChargeFacts {
  readonly owed: bigint;
  /** The plan's minimum charge; a smaller amount is carried to the next invoice instead. */
  readonly minimum: bigint;
  readonly dueAt: Date;
  /** The recorded notice of the open episode, from which the retry days count. */
  readonly noticeAt: Date | null;
  /** The method to charge now; null while the tenant has none. */
  readonly methodId: string | null;
  /** All attempts of this invoice, in any order. */
  readonly attempts: readonly Attempt[];
  /** The largest amount that the provider has refused as too small for this invoice. */
  readonly tooSmall: bigint | null;
  /** Amounts that the provider has refused as never chargeable. */
  readonly notChargeable: readonly bigint[];
}

export type NextAttempt =
  | { readonly act: 'charge'; readonly because: 'first' | 'retry' | 'method_changed' }
  | { readonly act: 'wait'; readonly until: Date }
  /** Too small to charge: the next invoice takes the amount up, and this invoice is settled. */
  | { readonly act: 'carry' }
  | {
      readonly act: 'none';
      readonly because:
        | 'nothing_owed'
        | 'not_chargeable'
        | 'in_flight'
        | 'already_charged'
        | 'no_method'
        | 'hard_decline'
        | 'no_grace'
        | 'retries_spent';
    };

/**
 * Decides whether to charge now. After an outage one retry covers all missed days. The last retry is made even after the
 * grace, because a late charge may still prevent the tenant's suspension.
 */
export function nextAttempt(facts: ChargeFacts, asOf: Date): NextAttempt {
  const { owed, minimum, attempts, methodId, tooSmall, notChargeable } = facts;
  if (owed <= 0n) return none('nothing_owed');
  if (attempts.some(isInFlight)) return none('in_flight');
  // A debt after a success was refunded, disputed or is not booked yet: a person decides, and no second charge is made.
  if (attempts.some(({ state }) => state === 'succeeded')) return none('already_charged');
  if (methodId === null) return none('no_method');
  if (asOf < facts.dueAt) return { act: 'wait', until: facts.dueAt };
  if (owed < minimum || (tooSmall !== null && owed <= tooSmall)) return { act: 'carry' };
  // After a part was paid or credited, the amount is another one, so an earlier refusal does not apply.
  if (notChargeable.includes(owed)) return none('not_chargeable');
  const tries = attempts.filter(({ decline }) => decline === 'soft' || decline === 'hard' || decline === null);
  if (tries.length === 0) return { act: 'charge', because: 'first' };
  if (tries.some((attempt) => attempt.decline === 'hard' && attempt.methodId === methodId)) return none('hard_decline');
  const last = tries.reduce((newest, attempt) => (attempt.createdAt > newest.createdAt ? attempt : newest));
  if (last.methodId !== methodId) return { act: 'charge', because: 'method_changed' };
  return nextRetry(facts.noticeAt, last.createdAt, asOf);
}

function nextRetry(noticeAt: Date | null, lastTriedAt: Date, asOf: Date): NextAttempt {
  if (noticeAt === null) return none('no_grace');
  const days = RETRY_DAYS.map((day) => new Date(noticeAt.getTime() + day * DAY_MS));
  const reached = days.findLast((day) => day <= asOf);
  if (reached !== undefined && lastTriedAt < reached) return { act: 'charge', because: 'retry' };
  const coming = days.find((day) => day > asOf);
  return coming === undefined ? none('retries_spent') : { act: 'wait', until: coming };
}

/** Providers keep an idempotency key for at least a day; after that the same key would charge again. */
export const KEY_HOURS = 24;
/**
 * Time passes between the decision and the arrival of a call: the answer to the preceding lookup, a lock, the network. A key
 * is not used in this last span before its end.
 */
export const SENDING_TAKES_MINUTES = 15;
/** Two reconcile passes: a younger attempt may still belong to the process that made it. */
export const STRANDED_AFTER_MINUTES = 10;

export type Lookup =
  | { readonly kind: 'found'; readonly outcome: Outcome }
  | { readonly kind: 'processing' }
  /** `lagMs`: the largest delay of this kind of lookup; 0 where the provider answers from its own ledger. */
  | { readonly kind: 'not_found'; readonly lagMs: number }
  | { readonly kind: 'unavailable' };

export type Resolution =
  | { readonly act: 'record'; readonly outcome: Outcome }
  | { readonly act: 'send_again' }
  | { readonly act: 'give_up' }
  | { readonly act: 'wait'; readonly because: 'processing' | 'unavailable' | 'in_hand' | 'search_lag' | 'key_expires' }
  | { readonly act: 'none' };

/**
 * Decides what to do with an attempt of uncertain outcome. `asOf` is an instant at or before the lookup, `now` the instant
 * of the decision. `give_up` is the only way to a second charge, so it needs all of: the key may be forgotten, the provider
 * was asked, and the answer is late enough to cover our last call. Sending again needs a key that is still remembered when
 * the call arrives, which is later than now. Between the two, nothing is done.
 */
export function resolveUnknown(attempt: Attempt, lookup: Lookup, asOf: Date, now = asOf): Resolution {
  if (!isInFlight(attempt)) return { act: 'none' };
  switch (lookup.kind) {
    case 'found':
      return { act: 'record', outcome: lookup.outcome };
    case 'processing':
    case 'unavailable':
      return { act: 'wait', because: lookup.kind };
    case 'not_found':
      return resolveNotFound(attempt, lookup.lagMs, asOf, now);
  }
}

/** Applies a resolution to the row; after `send_again` the caller makes the call. */
export function applyResolution(attempt: Attempt, resolution: Resolution, at: Date): Attempt {
  switch (resolution.act) {
    case 'record':
      return settled(attempt.state === 'created' ? markSent(attempt, attempt.createdAt) : attempt, resolution.outcome);
    case 'send_again':
      return markSent(attempt, at);
    case 'give_up':
      return settled(attempt.state === 'created' ? markSent(attempt, attempt.createdAt) : attempt, {
        state: 'declined',
        decline: 'never_arrived',
      });
    case 'wait':
    case 'none':
      return attempt;
  }
}

function resolveNotFound(attempt: Attempt, lagMs: number, asOf: Date, now: Date): Resolution {
  const lastTouchedAt = (attempt.sentAt ?? attempt.createdAt).getTime();
  const isInHand = attempt.state !== 'unknown' && asOf.getTime() < lastTouchedAt + STRANDED_AFTER_MINUTES * MINUTE_MS;
  if (isInHand) return { act: 'wait', because: 'in_hand' };
  const keyEndsAt = attempt.createdAt.getTime() + KEY_HOURS * HOUR_MS;
  const arrivesAt = Math.max(asOf.getTime(), now.getTime()) + SENDING_TAKES_MINUTES * MINUTE_MS;
  if (arrivesAt < keyEndsAt) return { act: 'send_again' };
  if (asOf.getTime() < keyEndsAt) return { act: 'wait', because: 'key_expires' };
  return asOf.getTime() < lastTouchedAt + lagMs ? { act: 'wait', because: 'search_lag' } : { act: 'give_up' };
}

function settled(
  attempt: Attempt,
  to: Outcome | { readonly state: 'unknown' } | { readonly state: 'declined'; readonly decline: Decline },
): Attempt {
  attemptStates.assert(attempt.state, to.state);
  return { ...attempt, state: to.state, decline: to.state === 'declined' ? to.decline : null };
}

function none(because: Extract<NextAttempt, { act: 'none' }>['because']): NextAttempt {
  return { act: 'none', because };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
