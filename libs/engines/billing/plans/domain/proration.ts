/**
 * Splits a period with more than one plan by local days. A whole day belongs to the plan in force when the day ends, so
 * an upgrade counts from the midnight before it, and an upgrade that is reverted on the same day has no effect. Days
 * without a plan are not billed.
 *
 *   plans   A───────╮B──╮A─────────     (changes at 10:00 on the 12th and at 16:00 on the 20th)
 *   phases  [ A: 11 days )[ B: 8 )[ A: 11 )
 *
 * Days are calendar dates: a day of 23 or 25 hours counts once, and so does a date that the zone skipped.
 */
import { divideHalfUp } from '#kernel';
import { localDay, startOfDay } from '../../accounts/domain/index.js';
import type { Period } from './periods.js';
import type { Meter, Plan } from './rating.js';

/** A plan from its agreed start to its agreed end, exact to the millisecond. Assignments do not overlap. */
export interface PlanAssignment {
  readonly plan: Plan;
  readonly from: Date;
  readonly to: Date | null;
}

export interface Phase {
  /** Position in the period, from 0. */
  readonly index: number;
  readonly plan: Plan;
  /** Usage in `[startsAt, endsAt)` belongs to this phase. */
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
  // A phase that ends inside the period already ends at a midnight.
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
 * Each phase's part of the base fee, in minor units: its plan's fee times its share of days. The sum is rounded half up
 * once and distributed by largest remainder (the earlier phase first if remainders are equal). The parts add up to the
 * sum, and each part differs from its exact value by less than one minor unit.
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

/** The meter with the phase's part of the allowance, rounded up, so that a plan change never costs a tenant a unit. */
export function meterInPhase(meter: Meter, { days, daysOfPeriod }: Phase): Meter {
  const [dividend, divisor] = [meter.included * BigInt(days), BigInt(daysOfPeriod)];
  return { ...meter, included: (dividend + divisor - 1n) / divisor };
}

/** Whether suspensions cover the whole period; adjacent ones count as one. Such a period has no base fee. */
export function isWhollySuspended({ startsAt, endsAt }: Span, suspensions: readonly Suspension[]): boolean {
  let coveredUntil = startsAt.getTime();
  for (const { since, until } of [...suspensions].sort((a, b) => a.since.getTime() - b.since.getTime())) {
    if (since.getTime() > coveredUntil) break;
    coveredUntil = Math.max(coveredUntil, until?.getTime() ?? Infinity);
  }
  return coveredUntil >= endsAt.getTime();
}

/** Cuts the assignments to the period and to whole days, and joins adjacent stretches of the same plan. */
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

/**
 * The instant from which a change counts. A change outside the period needs no calendar, so the usual case is cheap.
 */
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
