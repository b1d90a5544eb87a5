/**
 * Decides the access state of one tenant from facts read under that tenant's lock.
 *
 * A pass changes a tenant by one access state at most. So after a long time without a pass, the first one only warns.
 * The grace period counts from the recorded notice: only payment of the debt ends an episode, and nothing restarts its
 * clock.
 *
 * Debt has two parts. `pastDue` has no charge under way, and only this part restricts a tenant's access. `inFlight` is
 * past due with a charge under way or unanswered. It does not restrict access, but it is not paid either, so it does
 * not end an episode. Without `inFlight`, each retry would close the episode while it runs and give the tenant another
 * 168 h.
 */
import { accessStates, type AccessState } from './access-states.js';
import { hoursAfter, noticesDue, type NoticeStep } from './dunning.js';
import { type HoldCause, releasedHolds } from './holds.js';

/** Seven days without a successful payment, in elapsed hours from the recorded notice. */
export const GRACE_HOURS = 168;
/** A suspension must have lasted this long before a person may make it final. */
export const CLOSING_AFTER_DAYS = 30;
const HOURS_PER_DAY = 24;

export interface Episode {
  readonly openedAt: Date;
  /** When the notice was committed; the grace period counts from it. */
  readonly noticeAt: Date | null;
  /** An operator's extension. It moves the deadline later, never earlier, and does not change `noticeAt`. */
  readonly extendedUntil: Date | null;
  readonly isNoticeHandedOver: boolean;
  readonly suspendedAt: Date | null;
  /** Part of the episode, so that a confirmation of an earlier suspension does not close the tenant. */
  readonly isClosingConfirmed: boolean;
  readonly recordedSteps: readonly NoticeStep[];
}

export interface AccessFacts {
  readonly state: AccessState;
  /** The open episode, if any. */
  readonly episode: Episode | null;
  /** Issued, due at or before `asOf`, still owed, and no attempt under way. */
  readonly pastDue: bigint;
  /** The same, but with an attempt that is created, sent or unknown. */
  readonly inFlight: bigint;
  /** A balance up to this amount neither opens an episode nor keeps one open. */
  readonly tolerance: bigint;
  readonly trialEndsAt: Date | null;
  readonly hasPaid: boolean;
  readonly holds: readonly HoldCause[];
  /** The newest `asOf` of a decision about this tenant, by a pass or by a payment. */
  readonly decidedAsOf: Date | null;
}

export type AccessCause =
  'first_payment' | 'trial_ended' | 'past_due' | 'grace_elapsed' | 'debt_settled' | 'closing_confirmed';

export interface AccessTransition {
  readonly from: AccessState;
  readonly to: AccessState;
  readonly cause: AccessCause;
}

export interface AccessDecision {
  readonly state: AccessState;
  /** At most one. */
  readonly transitions: readonly AccessTransition[];
  /** The caller records `noticeAt` with the clock at its commit, which is never before `openedAt`. */
  readonly opensEpisode?: { readonly openedAt: Date };
  readonly closesEpisode?: { readonly closedAt: Date };
  readonly notices: readonly NoticeStep[];
  readonly placesHolds: readonly HoldCause[];
  readonly releasesHolds: readonly HoldCause[];
}

/** The decision of a pass. A pass older than the last decision has outdated debts, and changes nothing. */
export function decideAccess(facts: AccessFacts, asOf: Date): AccessDecision {
  if (isOlder(facts, asOf)) return unchanged(facts);
  if (isFreeOfDebt(facts)) return withoutDebt(facts, asOf);
  if (!isOwing(facts)) return unchanged(facts);
  switch (facts.state) {
    case 'trialing':
      return hasTrialEnded(facts, asOf) ? warn(facts, asOf, 'trial_ended') : unchanged(facts);
    case 'active':
      return warn(facts, asOf, 'past_due');
    case 'grace':
      if (facts.episode === null) return withNewEpisode(facts, asOf);
      return isGraceOver(facts, asOf) ? suspend(facts, asOf) : remind(facts, asOf, 'grace');
    case 'suspended':
      return isClosable(facts, asOf)
        ? { ...unchanged(facts), ...moved(facts, 'closed', 'closing_confirmed') }
        : remind(facts, asOf, 'suspended');
    case 'closed':
      return unchanged(facts);
  }
}

/**
 * The decision in the transaction of a payment: it can restore access and never restricts it. `asOf` is read after the
 * tenant's lock is taken, so that a pass that had the lock before is not newer than the payment that waited for it.
 */
export function decideRestoration(facts: AccessFacts, asOf: Date): AccessDecision {
  return isOlder(facts, asOf) || !isFreeOfDebt(facts) ? unchanged(facts) : withoutDebt(facts, asOf);
}

/** The end of the grace period, as a banner shows it; null until the notice is recorded. */
export function graceDeadline({ noticeAt, extendedUntil }: Pick<Episode, 'noticeAt' | 'extendedUntil'>): Date | null {
  if (noticeAt === null) return null;
  const elapsed = hoursAfter(noticeAt, GRACE_HOURS);
  return extendedUntil !== null && extendedUntil > elapsed ? extendedUntil : elapsed;
}

export interface SuspendedSpan {
  readonly since: Date;
  readonly until: Date | null;
}

/**
 * The spans in which a tenant was suspended, from all its transitions in the order of their recording. A period that
 * lies wholly inside such spans has no base fee.
 */
export function suspendedSpans(
  transitions: readonly { readonly to: AccessState; readonly asOf: Date }[],
): readonly SuspendedSpan[] {
  return transitions.flatMap(({ to, asOf }, index) => {
    if (to !== 'suspended') return [];
    // Only a restoration ends a suspension: a closed tenant remains without access.
    const restored = transitions.slice(index + 1).find((later) => later.to === 'active');
    return [{ since: asOf, until: restored?.asOf ?? null }];
  });
}

function isOlder({ decidedAsOf }: AccessFacts, asOf: Date): boolean {
  return decidedAsOf !== null && asOf < decidedAsOf;
}

/** Above the tolerance and above zero, so that access is never restricted without a debt. */
function isOwing({ pastDue, tolerance }: AccessFacts): boolean {
  return pastDue > 0n && pastDue > tolerance;
}

function isFreeOfDebt({ pastDue, inFlight, tolerance }: AccessFacts): boolean {
  const debt = pastDue + inFlight;
  return debt <= 0n || debt <= tolerance;
}

function hasTrialEnded({ trialEndsAt }: AccessFacts, asOf: Date): boolean {
  return trialEndsAt !== null && asOf >= trialEndsAt;
}

/**
 * A notice that was not handed to the mail server warned no person, so the suspension waits even after the deadline.
 */
function isGraceOver({ episode }: AccessFacts, asOf: Date): boolean {
  const deadline = episode && graceDeadline(episode);
  return Boolean(deadline && asOf >= deadline && episode?.isNoticeHandedOver);
}

function isClosable({ episode }: AccessFacts, asOf: Date): boolean {
  const suspendedAt = episode?.suspendedAt;
  return Boolean(
    suspendedAt && episode.isClosingConfirmed && asOf >= hoursAfter(suspendedAt, CLOSING_AFTER_DAYS * HOURS_PER_DAY),
  );
}

function warn(facts: AccessFacts, asOf: Date, cause: AccessCause): AccessDecision {
  return { ...withNewEpisode(facts, asOf), ...moved(facts, 'grace', cause) };
}

/** Always opens a new episode: the deadline of an old one would already be over. */
function withNewEpisode(facts: AccessFacts, asOf: Date): AccessDecision {
  return {
    ...unchanged(facts),
    ...(facts.episode && { closesEpisode: { closedAt: asOf } }),
    opensEpisode: { openedAt: asOf },
    notices: noticesDue({ outcome: 'grace', noticeAt: asOf, isOwing: true, recordedSteps: [] }, asOf),
  };
}

function suspend(facts: AccessFacts, asOf: Date): AccessDecision {
  return {
    ...remind(facts, asOf, 'suspended'),
    ...moved(facts, 'suspended', 'grace_elapsed'),
    placesHolds: facts.holds.includes('billing') ? [] : ['billing'],
  };
}

function remind(facts: AccessFacts, asOf: Date, outcome: 'grace' | 'suspended'): AccessDecision {
  const { episode } = facts;
  if (episode === null) return unchanged(facts);
  const notices = noticesDue(
    { outcome, noticeAt: episode.noticeAt, isOwing: true, recordedSteps: episode.recordedSteps },
    asOf,
  );
  return { ...unchanged(facts), notices };
}

/** No debt remains. The billing hold is released in every access state; holds of other causes remain. */
function withoutDebt(facts: AccessFacts, asOf: Date): AccessDecision {
  const { state, episode } = facts;
  if (state === 'closed') return unchanged(facts);
  const paid: AccessDecision = {
    ...unchanged(facts),
    ...(episode && { closesEpisode: { closedAt: asOf } }),
    notices: noticesDue(
      {
        outcome: 'paid',
        noticeAt: episode?.noticeAt ?? null,
        isOwing: false,
        recordedSteps: episode?.recordedSteps ?? [],
      },
      asOf,
    ),
    releasesHolds: releasedHolds(facts.holds, { by: 'debt_settled' }),
  };
  if (state === 'grace' || state === 'suspended') return { ...paid, ...moved(facts, 'active', 'debt_settled') };
  if (state === 'trialing' && facts.hasPaid) return { ...paid, ...moved(facts, 'active', 'first_payment') };
  if (state === 'trialing' && hasTrialEnded(facts, asOf)) return { ...paid, ...moved(facts, 'active', 'trial_ended') };
  return paid;
}

function unchanged({ state }: AccessFacts): AccessDecision {
  return { state, transitions: [], notices: [], placesHolds: [], releasesHolds: [] };
}

function moved({ state }: AccessFacts, to: AccessState, cause: AccessCause) {
  accessStates.assert(state, to);
  return { state: to, transitions: [{ from: state, to, cause }] };
}
