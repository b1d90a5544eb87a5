/**
 * Projects the usage of a period at the current pace: linear, in whole days of the tenant's calendar, with today as a
 * whole day. A forecast warns a store; bills do not use it.
 */
import { localDay } from '../../accounts/domain/index.js';
import { limitsOf, type Meter, type Period } from '../../plans/domain/index.js';
import type { How } from './meters.js';

export interface Forecast {
  /** Usage at the end of the period, at most the level at which the plan or the store’s own cap refuses it. */
  readonly expected: bigint;
  readonly thresholds: readonly ForecastThreshold[];
}

export interface ForecastThreshold {
  /** Percent of the allowance. */
  readonly percent: number;
  readonly units: bigint;
  /** The source of the limit. */
  readonly limitedBy: 'plan' | 'own_cap';
  /** The effect on usage beyond the limit. `none` at the hard limit: such usage is neither refused nor billed. */
  readonly effect: 'none' | 'billed' | 'refused';
  readonly isReached: boolean;
  /** The local date on which usage reaches it; null if it is already reached, or will not be in this period. */
  readonly on: string | null;
}

const BP_PER_PERCENT = 100;

interface Counting {
  readonly how: How;
  /** Whether requests are refused at the limit. */
  readonly isReserved: boolean;
}

/** `ownCap` is the store's own cap. It applies if it is lower than the plan's hard limit. */
export function forecastOf(
  meter: Meter,
  { how, isReserved }: Counting,
  used: bigint,
  { startsAt, endsAt, zone }: Pick<Period, 'startsAt' | 'endsAt' | 'zone'>,
  now: Date,
  ownCap?: bigint,
): Forecast {
  const first = localDay(startsAt, zone);
  const dayOf = (at: Date) => first.until(localDay(at, zone), { largestUnit: 'days' }).days + 1;
  const [elapsed, all] = [BigInt(dayOf(now)), BigInt(dayOf(new Date(endsAt.getTime() - 1)))];
  const { soft, hard } = limitsOf(meter);
  const levels: Pick<ForecastThreshold, 'percent' | 'units' | 'limitedBy' | 'effect'>[] = [
    level(100, meter.included, meter.billableFrom === 'included' ? 'billed' : 'none'),
    level(meter.softBp / BP_PER_PERCENT, soft, 'billed'),
    level(meter.hardBp / BP_PER_PERCENT, hard, isReserved ? 'refused' : 'none'),
  ];
  if (ownCap !== undefined && ownCap < hard) {
    const percent = Number((ownCap * 100n) / meter.included);
    const effect = isReserved ? 'refused' : 'none';
    const place = levels.findIndex(({ units }) => ownCap < units);
    levels.splice(place, 0, { percent, units: ownCap, limitedBy: 'own_cap', effect });
  }
  // Usage ends at the first level that refuses it.
  const end = levels.find(({ effect }) => effect === 'refused')?.units;
  // A peak is not projected: the storage of one day does not predict the next day.
  const projected = how === 'max' ? used : (used * all) / elapsed;
  const dayReaching = (units: bigint): string | null => {
    if (how === 'max' || used <= 0n || used >= units || (end !== undefined && units > end)) return null;
    const day = (units * elapsed + used - 1n) / used;
    return day > all ? null : first.add({ days: Number(day) - 1 }).toString();
  };
  return {
    expected: end === undefined ? projected : least(projected, used > end ? used : end),
    thresholds: levels.map((each) => ({ ...each, isReached: used >= each.units, on: dayReaching(each.units) })),
  };
}

function level(percent: number, units: bigint, effect: ForecastThreshold['effect']) {
  return { percent, units, limitedBy: 'plan' as const, effect };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
