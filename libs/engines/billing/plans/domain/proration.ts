/**
 * A period under more than one plan, split by local days. A day belongs whole to the plan in force when it ends, so an
 * upgrade counts from the midnight before it, and an upgrade taken back on the same day leaves no trace. Days without a
 * plan are not billed.
 *
 *   plans   A───────╮B──╮A─────────     (changes at 10:00 on the 12th and at 16:00 on the 20th)
 *   phases  [ A: 11 days )[ B: 8 )[ A: 11 )
 *
 * Days are dates of the calendar: one of 23 or 25 hours counts once, and so does the one a zone left out.
 */
import { divideHalfUp } from '#kernel';
import { localDay, startOfDay } from '../../accounts/domain/index.js';
import type { Period } from './periods.js';
import type { Meter, Plan } from './rating.js';

/** As agreed, to the millisecond; assignments do not overlap. */
export interface PlanAssignment {
  readonly plan: Plan;
  readonly from: Date;
  readonly to: Date | null;
}

export interface Phase {
  /** Its place in the period, from 0. */
  readonly index: number;
  readonly plan: Plan;
  /** Usage of `[startsAt, endsAt)` is this phase's. */
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly days: number;
  readonly daysOfPeriod: number;
}

export interface Suspension {
  readonly since: Date;
  readonly until: Date | null;
}

type Stretch = Pick<Phase, 'plan' | 'startsAt' | 'endsAt'>;
type Span = Pick<Period, 'startsAt' | 'endsAt'>;

export function phasesOf(period: Span & Pick<Period, 'zone'>, assignments: readonly PlanAssignment[]): Phase[] {
  const { startsAt, endsAt, zone } = period;
  const afterLast = localDay(new Date(endsAt.getTime() - 1), zone).add({ days: 1 });
  // Of a phase that ends inside the period, the end is a midnight already.
  const dayAt = (at: Date) => (at >= endsAt ? afterLast : localDay(at, zone));
  const daysBetween = (from: Date, to: Date) => dayAt(from).until(dayAt(to), { largestUnit: 'days' }).days;
  return stretchesOf(period, assignments).map((stretch, index) => ({
    index,
    ...stretch,
    days: daysBetween(stretch.startsAt, stretch.endsAt),
    daysOfPeriod: daysBetween(startsAt, endsAt),
  }));
}

/**
 * What each phase pays of the base fee: its plan's fee by its share of days, the sum rounded half up once and handed out
 * by largest remainder (the earlier phase first where they are equal). The parts make up the sum, and none is a whole
 * minor unit away from its exact value.
 */
export function baseParts(phases: readonly Phase[]): bigint[] {
  const shares = phases.map(({ plan, days, daysOfPeriod }) => {
    const [dividend, divisor] = [plan.baseMinor * BigInt(days), BigInt(daysOfPeriod)];
    return { dividend, divisor, floor: dividend / divisor, remainder: dividend % divisor };
  });
  const [first] = shares;
  if (first === undefined) return [];
  const whole = divideHalfUp(
    shares.reduce((sum, share) => sum + share.dividend, 0n),
    first.divisor,
  );
  const left = whole - shares.reduce((sum, share) => sum + share.floor, 0n);
  const byRemainder = shares.map((_, index) => index).sort((a, b) => descending(shares, a, b));
  const favoured = new Set(byRemainder.slice(0, Number(left)));
  return shares.map((share, index) => share.floor + (favoured.has(index) ? 1n : 0n));
}

/** The meter with the phase's part of the allowance, rounded up: a plan change never costs a tenant a unit. */
export function meterInPhase(meter: Meter, { days, daysOfPeriod }: Phase): Meter {
  const [dividend, divisor] = [meter.included * BigInt(days), BigInt(daysOfPeriod)];
  return { ...meter, included: (dividend + divisor - 1n) / divisor };
}

/** Whether nothing of the period lies outside suspensions; those that meet count as one. Such a period has no base fee. */
export function isWhollySuspended({ startsAt, endsAt }: Span, suspensions: readonly Suspension[]): boolean {
  let coveredUntil = startsAt.getTime();
  for (const { since, until } of [...suspensions].sort((a, b) => a.since.getTime() - b.since.getTime())) {
    if (since.getTime() > coveredUntil) break;
    coveredUntil = Math.max(coveredUntil, until?.getTime() ?? Infinity);
  }
  return coveredUntil >= endsAt.getTime();
}

/** Assignments cut to the period and to whole days; what is left of the same plan on both sides of a cut is one stretch. */
function stretchesOf(period: Span & Pick<Period, 'zone'>, assignments: readonly PlanAssignment[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { plan, from, to } of [...assignments].sort((a, b) => a.from.getTime() - b.from.getTime())) {
    const startsAt = cutAt(period, from);
    const endsAt = cutAt(period, to ?? period.endsAt);
    if (startsAt >= endsAt) continue;
    const before = stretches.at(-1);
    if (before?.plan.id === plan.id && before.endsAt.getTime() === startsAt.getTime()) {
      stretches[stretches.length - 1] = { ...before, endsAt };
    } else {
      stretches.push({ plan, startsAt, endsAt });
    }
  }
  return stretches;
}

/** Where a change takes effect. Changes outside the period need no calendar, which keeps the usual case cheap. */
function cutAt({ startsAt, endsAt, zone }: Span & Pick<Period, 'zone'>, changedAt: Date): Date {
  if (changedAt <= startsAt) return startsAt;
  if (changedAt >= endsAt) return endsAt;
  const midnight = startOfDay(localDay(changedAt, zone), zone);
  return midnight <= startsAt ? startsAt : midnight;
}

function descending(shares: readonly { readonly remainder: bigint }[], a: number, b: number): number {
  const [one, other] = [shares[a]!.remainder, shares[b]!.remainder];
  return one === other ? a - b : one > other ? -1 : 1;
}
