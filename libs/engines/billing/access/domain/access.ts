/**
 * The access ladder of one tenant, decided from facts read under that tenant's lock.
 *
 * A pass moves a tenant by one rung at most, so however long no pass ran, the first one only warns. The clock is the
 * recorded notice: nothing but settling the debt ends an episode, and nothing restarts its clock.
 *
 * Debt has two parts. `pastDue` is what nobody is collecting right now, and only it pushes a tenant down. `inFlight` is past
 * due with a charge under way or unanswered: it pushes nobody down, but it is not paid either, so it ends no episode. Without
 * that second half, each retry would close the episode while it runs and give the tenant another 168 h.
 */
import { accessStates, type AccessState } from './access-states.js';
import { hoursAfter, noticesDue, type NoticeStep } from './dunning.js';
import { type HoldCause, releasedHolds } from './holds.js';

/** Seven days without a successful payment, as elapsed hours from the recorded notice. */
export const GRACE_HOURS = 168;
/** A suspension must have lasted this long before a person may make it final. */
export const CLOSING_AFTER_DAYS = 30;
const HOURS_PER_DAY = 24;

export interface Episode {
  readonly openedAt: Date;
  /** When the notice was committed; the clock of the grace. */
  readonly noticeAt: Date | null;
  /** An operator's extension. It moves the deadline later, never earlier, and leaves the notice alone. */
  readonly extendedUntil: Date | null;
  readonly isNoticeHandedOver: boolean;
  readonly suspendedAt: Date | null;
  /** Part of the episode, so that a confirmation from an earlier suspension closes nobody. */
  readonly isClosingConfirmed: boolean;
  readonly told: readonly NoticeStep[];
}

export interface AccessFacts {
  readonly state: AccessState;
  /** The open one, if any. */
  readonly episode: Episode | null;
  /** Issued, due at or before `asOf`, still owed, and no attempt under way. */
  readonly pastDue: bigint;
  /** The same, with an attempt created, sent or unknown. */
  readonly inFlight: bigint;
  /** A balance up to here opens nothing and keeps nothing open. */
  readonly tolerance: bigint;
  readonly trialEndsAt: Date | null;
  readonly hasPaid: boolean;
  readonly holds: readonly HoldCause[];
  /** The newest `asOf` this tenant was decided at, by a pass or by a payment. */
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
  /** One at most. */
  readonly transitions: readonly AccessTransition[];
  /** The caller records `noticeAt` with the clock of its commit, which is never before `openedAt`. */
  readonly opensEpisode?: { readonly openedAt: Date };
  readonly closesEpisode?: { readonly closedAt: Date };
  readonly notices: readonly NoticeStep[];
  readonly placesHolds: readonly HoldCause[];
  readonly releasesHolds: readonly HoldCause[];
}

/** What a pass does. A pass older than what was already decided sees debts as they were, and decides nothing. */
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
 * What the transaction of a payment does: it can lift a tenant and never push one down. `asOf` is read once the tenant's
 * lock is held, so that a pass that went first is not newer than the payment that waited for it.
 */
export function decideRestoration(facts: AccessFacts, asOf: Date): AccessDecision {
  return isOlder(facts, asOf) || !isFreeOfDebt(facts) ? unchanged(facts) : withoutDebt(facts, asOf);
}

/** When the grace ends, as a banner shows it; null until the notice is recorded. */
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
 * The stretches a tenant could not work, from all its transitions in the order they were recorded. What lies wholly inside one
 * has no base fee.
 */
export function suspendedSpans(
  transitions: readonly { readonly to: AccessState; readonly asOf: Date }[],
): readonly SuspendedSpan[] {
  return transitions.flatMap(({ to, asOf }, index) => {
    if (to !== 'suspended') return [];
    // Only a restoration ends it: a tenant that is closed stays without access.
    const restored = transitions.slice(index + 1).find((later) => later.to === 'active');
    return [{ since: asOf, until: restored?.asOf ?? null }];
  });
}

function isOlder({ decidedAsOf }: AccessFacts, asOf: Date): boolean {
  return decidedAsOf !== null && asOf < decidedAsOf;
}

/** Above the tolerance, and above zero whatever the tolerance: nobody is pushed down without a debt. */
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

/** A notice that never left our house warned nobody: the clock may be over, the suspension waits. */
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

/** Always an episode of its own: one left over from before would carry a clock that has long run out. */
function withNewEpisode(facts: AccessFacts, asOf: Date): AccessDecision {
  return {
    ...unchanged(facts),
    ...(facts.episode && { closesEpisode: { closedAt: asOf } }),
    opensEpisode: { openedAt: asOf },
    notices: noticesDue({ outcome: 'grace', noticeAt: asOf, isOwing: true, told: [] }, asOf),
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
  const notices = noticesDue({ outcome, noticeAt: episode.noticeAt, isOwing: true, told: episode.told }, asOf);
  return { ...unchanged(facts), notices };
}

/** Nothing is owed. The billing hold goes, whatever the rung; holds of other causes are not ours to lift. */
function withoutDebt(facts: AccessFacts, asOf: Date): AccessDecision {
  const { state, episode } = facts;
  if (state === 'closed') return unchanged(facts);
  const settled: AccessDecision = {
    ...unchanged(facts),
    ...(episode && { closesEpisode: { closedAt: asOf } }),
    notices: noticesDue(
      { outcome: 'settled', noticeAt: episode?.noticeAt ?? null, isOwing: false, told: episode?.told ?? [] },
      asOf,
    ),
    releasesHolds: releasedHolds(facts.holds, { by: 'debt_settled' }),
  };
  if (state === 'grace' || state === 'suspended') return { ...settled, ...moved(facts, 'active', 'debt_settled') };
  if (state === 'trialing' && facts.hasPaid) return { ...settled, ...moved(facts, 'active', 'first_payment') };
  if (state === 'trialing' && hasTrialEnded(facts, asOf))
    return { ...settled, ...moved(facts, 'active', 'trial_ended') };
  return settled;
}

function unchanged({ state }: AccessFacts): AccessDecision {
  return { state, transitions: [], notices: [], placesHolds: [], releasesHolds: [] };
}

function moved({ state }: AccessFacts, to: AccessState, cause: AccessCause) {
  accessStates.assert(state, to);
  return { state: to, transitions: [{ from: state, to, cause }] };
}
