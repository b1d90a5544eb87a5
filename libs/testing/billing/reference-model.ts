/**
 * A second, simple implementation of billing's computations for the specs: fractions instead of rounding rules, minutes
 * instead of calendars, days instead of intervals. It is slow by design. Only specs may import it, and it imports only
 * types from the code that it checks.
 */
import type { PlanAssignment } from '../../engines/billing/plans/domain/proration.js';
import type { Meter } from '../../engines/billing/plans/domain/rating.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A fraction that is never shortened. */
export interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

export const fraction = (over: bigint, under = 1n): Fraction => ({ over, under });
export const plus = (a: Fraction, b: Fraction) => fraction(a.over * b.under + b.over * a.under, a.under * b.under);
export const minus = (a: Fraction, b: Fraction) => plus(a, fraction(-b.over, b.under));
export const times = (a: Fraction, b: Fraction) => fraction(a.over * b.over, a.under * b.under);
export const isBelow = (a: Fraction, b: Fraction) => a.over * b.under < b.over * a.under;

export function floorOf({ over, under }: Fraction): bigint {
  const cut = over / under;
  return cut * under > over ? cut - 1n : cut;
}

export function ceilOf(value: Fraction): bigint {
  return -floorOf(fraction(-value.over, value.under));
}

/** For values from zero up. */
export function halfUp(value: Fraction): bigint {
  return floorOf(plus(value, fraction(1n, 2n)));
}

// --- Rating -------------------------------------------------------------------------------------------------------

/** Whether `units` are within `bp` of the allowance, computed without rounding. */
export function isWithin(units: bigint, meter: Meter, bp: number): boolean {
  return !isBelow(times(fraction(meter.included), fraction(BigInt(bp), 10_000n)), fraction(units));
}

/** Counts the billed units one by one; for small numbers. */
export function countBillable(meter: Meter, used: bigint): bigint {
  let count = 0n;
  for (let unit = 1n; unit <= used; unit++) {
    if (!isWithin(unit, meter, meter.billableFrom === 'soft' ? meter.softBp : 10_000)) count += 1n;
  }
  return count;
}

/** The billed units as a difference; for any numbers. */
export function subtractBillable(meter: Meter, used: bigint): bigint {
  const bp = meter.billableFrom === 'soft' ? BigInt(meter.softBp) : 10_000n;
  const free = floorOf(times(fraction(meter.included), fraction(bp, 10_000n)));
  return used > free ? used - free : 0n;
}

/** The billed units of a meter that never refuses: those up to the hard limit, computed without rounding. */
export function payable(meter: Meter, used: bigint): bigint {
  const hard = floorOf(times(fraction(meter.included), fraction(BigInt(meter.hardBp), 10_000n)));
  return isBelow(fraction(hard), fraction(used)) ? hard : used;
}

export function exactAmount(units: bigint, priceMicro: bigint): Fraction {
  return times(fraction(units), fraction(priceMicro, 1_000_000n));
}

// --- Calendars ----------------------------------------------------------------------------------------------------

const clocks = new Map<string, Intl.DateTimeFormat>();
/** A cache of midnights: the search takes half a millisecond, and specs need the same ones thousands of times. */
const seen = new Map<string, number>();

/** The local time of the zone, written as if it were UTC. */
function wallClock(at: number, zone: string): number {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  clocks.set(zone, clock);
  const [month, day, year, hour, minute, second] = clock.format(at).match(/\d+/g)!.map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second);
}

/**
 * Steps the local clock from 30 hours before, hour by hour and then minute by minute, until it shows the midnight or a
 * later time. Transitions fall on whole minutes in every zone since 1972.
 */
export function firstInstantOf(date: number, zone: string): number {
  const key = `${zone} ${date}`;
  let at = seen.get(key);
  if (at !== undefined) return at;
  at = date - 30 * HOUR;
  while (wallClock(at, zone) + 2 * HOUR < date) at += HOUR;
  while (wallClock(at, zone) < date) at += MINUTE;
  seen.set(key, at);
  return at;
}

/** The date `months` after the anchor, counted month by month; 31 becomes the last day of a shorter month. */
export function dateAfter(anchorOn: string, months: number): number {
  const [year, month, day] = anchorOn.split('-').map(Number) as [number, number, number];
  let [y, m] = [year, month];
  for (let turned = 0; turned < months; turned++) [y, m] = m === 12 ? [y + 1, 1] : [y, m + 1];
  let date = Date.UTC(y, m - 1, 1);
  for (let d = 1; d < day && new Date(date + DAY).getUTCMonth() === m - 1; d++) date += DAY;
  return date;
}

// --- Proration ----------------------------------------------------------------------------------------------------

interface PhaseOfDays {
  readonly planId: string;
  readonly baseMinor: bigint;
  readonly days: bigint;
  readonly startsAt: number;
  readonly endsAt: number;
}

interface Span {
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly zone: string;
}

/** Finds the plan that is in force in the last millisecond of each day, and joins equal neighbours. */
export function phasesByDay({ startsAt, endsAt, zone }: Span, assignments: readonly PlanAssignment[]) {
  const phases: PhaseOfDays[] = [];
  let days = 0n;
  let before: string | undefined;
  for (let date = dateOf(startsAt.getTime(), zone); ; date += DAY) {
    const dayEnd = Math.min(firstInstantOf(date + DAY, zone), endsAt.getTime());
    const plan = assignments.find(
      ({ from, to }) => from.getTime() <= dayEnd - 1 && (to === null || dayEnd - 1 < to.getTime()),
    )?.plan;
    const dayStart = Math.max(firstInstantOf(date, zone), startsAt.getTime());
    const last = phases.at(-1);
    if (plan !== undefined && plan.id === before) {
      phases[phases.length - 1] = { ...last!, days: last!.days + 1n, endsAt: dayEnd };
    } else if (plan !== undefined) {
      phases.push({ planId: plan.id, baseMinor: plan.baseMinor, days: 1n, startsAt: dayStart, endsAt: dayEnd });
    }
    before = plan?.id;
    days += 1n;
    if (dayEnd === endsAt.getTime()) return { phases, days };
  }
}

/** The date of the day that began last. */
function dateOf(at: number, zone: string): number {
  const shown = Math.floor(wallClock(at, zone) / DAY) * DAY;
  return firstInstantOf(shown + DAY, zone) <= at ? shown + DAY : shown;
}

/** One day's fee at a time, added up as fractions of `days`. */
export function exactBases({ phases, days }: ReturnType<typeof phasesByDay>): Fraction[] {
  return phases.map((phase) => {
    let fee = fraction(0n, days);
    for (let day = 0n; day < phase.days; day++) fee = fraction(fee.over + phase.baseMinor, days);
    return fee;
  });
}

/** The largest-remainder method by its definition: give each its floor, then single units to the largest remainders. */
export function handOut(exact: readonly Fraction[]): bigint[] {
  const parts = exact.map(floorOf);
  const whole = halfUp(exact.reduce(plus, fraction(0n)));
  while (parts.reduce((a, b) => a + b, 0n) < whole) {
    let most = 0;
    exact.forEach((value, index) => {
      const owed = minus(value, fraction(parts[index]!));
      if (isBelow(minus(exact[most]!, fraction(parts[most]!)), owed)) most = index;
    });
    parts[most]! += 1n;
  }
  return parts;
}
