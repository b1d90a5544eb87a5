/**
 * Where usage will lead if it goes on as it has: linear, in whole days of the tenant's calendar, today counted whole. A store
 * is warned by it, and never billed.
 */
import type { How } from './meters.js';
import { localDay, type Period } from './periods.js';
import { limitsOf, type Meter } from './rating.js';

export interface Forecast {
  /** At the end of the period; never beyond what will be refused. */
  readonly expected: bigint;
  readonly thresholds: readonly ForecastThreshold[];
}

export interface ForecastThreshold {
  readonly percent: number;
  readonly units: bigint;
  /** What happens to use beyond it. */
  readonly effect: 'none' | 'billed' | 'refused';
  readonly isReached: boolean;
  /** A local date; null if it is reached already, or not in this period. */
  readonly on: string | null;
}

const BP_PER_PERCENT = 100;

export function forecastOf(
  meter: Meter,
  counting: How,
  used: bigint,
  { startsAt, endsAt, zone }: Pick<Period, 'startsAt' | 'endsAt' | 'zone'>,
  now: Date,
): Forecast {
  const first = localDay(startsAt, zone);
  const dayOf = (at: Date) => first.until(localDay(at, zone), { largestUnit: 'days' }).days + 1;
  const [elapsed, all] = [BigInt(dayOf(now)), BigInt(dayOf(new Date(endsAt.getTime() - 1)))];
  const { soft, hard } = limitsOf(meter);
  // A peak stays what it is: having stored much on one day says nothing about the next.
  const projected = counting === 'max' ? used : (used * all) / elapsed;
  const dayReaching = (level: bigint): string | null => {
    if (counting === 'max' || used <= 0n || used >= level) return null;
    const day = (level * elapsed + used - 1n) / used;
    return day > all ? null : first.add({ days: Number(day) - 1 }).toString();
  };
  const levels = [
    { percent: 100, units: meter.included, effect: meter.billableFrom === 'included' ? 'billed' : 'none' },
    { percent: meter.softBp / BP_PER_PERCENT, units: soft, effect: 'billed' },
    { percent: meter.hardBp / BP_PER_PERCENT, units: hard, effect: 'refused' },
  ] as const;
  return {
    expected: least(projected, used > hard ? used : hard),
    thresholds: levels.map((level) => ({ ...level, isReached: used >= level.units, on: dayReaching(level.units) })),
  };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
