/**
 * How much a product will sell per day. Floating point lives in this file and in `backtest.ts` and nowhere else: a forecast
 * is an estimate, and its result is rounded to a decimal before it meets a quantity or money (`plan.ts`).
 *
 * A series holds one number per day, in thousandths of the base unit, oldest first, zero where nothing was sold.
 */
import { type Day, weekday } from './days.js';

export interface Series {
  /** The day of `sold[0]`. */
  readonly start: Day;
  readonly sold: Float64Array;
}

/** Expected thousandths on a coming day. */
export type Forecast = (day: Day) => number;

export interface Method {
  readonly name: MethodName;
  /** Days of history below which the method has nothing to go by. */
  readonly leastDays: number;
  readonly suits: (series: Series, until: number) => boolean;
  /** Learns from the first `until` days of the series and nothing after them. */
  readonly fit: (series: Series, until: number) => Forecast;
}

export const METHOD_NAMES = [
  'average',
  'naive',
  'moving_average',
  'smoothed',
  'weekday',
  'seasonal',
  'croston_sba',
  'tsb',
] as const;
export type MethodName = (typeof METHOD_NAMES)[number];

export const WINDOW_DAYS = 90;
/** A short history is never extrapolated: ten sold on the first day are ten in four weeks, not 280. */
export const LEAST_WINDOW_DAYS = 28;

export function windowDays(historyDays: number): number {
  return Math.min(Math.max(historyDays, LEAST_WINDOW_DAYS), WINDOW_DAYS);
}

const always = () => true;

/** The default: what was sold in 90 days, evenly. */
export const average: Method = {
  name: 'average',
  leastDays: 1,
  suits: always,
  fit: (series, until) => constant(sum(series.sold, until - WINDOW_DAYS, until) / windowDays(until)),
};

/** The yardstick: next week sells what last week sold. */
export const naive: Method = {
  name: 'naive',
  leastDays: 7,
  suits: always,
  fit: (series, until) => {
    const lastWeek = series.sold.subarray(until - 7, until);
    const first = series.start + until;
    return (day) => lastWeek[(((day - first) % 7) + 7) % 7]!;
  },
};

/** Four weeks, evenly: follows a trend sooner than ninety days do. */
export const movingAverage: Method = {
  name: 'moving_average',
  leastDays: 28,
  suits: always,
  fit: (series, until) => constant(sum(series.sold, until - 28, until) / 28),
};

const DAILY_SMOOTHING = 0.08;

/** Exponential smoothing (Brown 1956): every day counts 8 % less than the one after it; follows what rises or ends. */
export const smoothed: Method = {
  name: 'smoothed',
  leastDays: 28,
  suits: always,
  fit: (series, until) => {
    const from = Math.max(until - WINDOW_DAYS, 0);
    let level = sum(series.sold, from, from + 7) / 7;
    for (let index = from + 7; index < until; index++) level += DAILY_SMOOTHING * (series.sold[index]! - level);
    return constant(level);
  },
};

/** Days by which an index over `n` observations is pulled towards 1: four quiet Mondays do not close the store. */
const SHRINKAGE = 4;
const WEEKDAY_WEEKS = 26;

/** The average, shaped by how the weekdays of up to 26 weeks differ. */
export const weekdayIndexed: Method = {
  name: 'weekday',
  leastDays: 56,
  suits: always,
  fit: (series, until) => {
    const weeks = Math.min(Math.floor(until / 7), WEEKDAY_WEEKS);
    const from = until - weeks * 7;
    const totals = new Float64Array(7);
    for (let index = from; index < until; index++) totals[weekday(series.start + index)]! += series.sold[index]!;
    const mean = sum(totals, 0, 7) / (weeks * 7);
    const level = sum(series.sold, until - WINDOW_DAYS, until) / windowDays(until);
    if (mean === 0) return constant(level);
    const indexes = totals.map((total) => (total / mean + SHRINKAGE) / (weeks + SHRINKAGE));
    return (day) => level * indexes[weekday(day)]!;
  },
};

const YEAR = 364; // 52 weeks, so that weekdays meet weekdays
const SEASON_DAYS = 28;

/** The last four weeks, moved by how last year moved from the same four weeks to the same coming days. */
export const seasonal: Method = {
  name: 'seasonal',
  leastDays: YEAR + SEASON_DAYS,
  suits: always,
  fit: (series, until) => {
    const level = sum(series.sold, until - SEASON_DAYS, until) / SEASON_DAYS;
    const lastYear = sum(series.sold, until - SEASON_DAYS - YEAR, until - YEAR) / SEASON_DAYS;
    if (lastYear === 0) return constant(level);
    return (day) => {
      const middle = day - series.start - YEAR;
      const from = Math.max(middle - SEASON_DAYS / 2, 0);
      const to = Math.min(middle + SEASON_DAYS / 2, until);
      const then = sum(series.sold, from, to) / Math.max(to - from, 1);
      return level * Math.min(Math.max(then / lastYear, 0.5), 2);
    };
  },
};

/** Mean days between sales from which demand counts as intermittent (Syntetos, Boylan and Croston 2005: 1.32). */
const INTERMITTENT_FROM = 1.32;
const SMOOTHING = 0.1;

/** Croston (1972), sizes and gaps smoothed apart, with the Syntetos–Boylan correction (2005) for its upward bias. */
export const crostonSba: Method = {
  name: 'croston_sba',
  leastDays: 56,
  suits: isIntermittent,
  fit: (series, until) => {
    let size = 0;
    let gap = 0;
    let since = 1;
    for (let index = 0; index < until; index++) {
      const sold = series.sold[index]!;
      if (sold > 0) {
        size = size === 0 ? sold : size + SMOOTHING * (sold - size);
        gap = gap === 0 ? since : gap + SMOOTHING * (since - gap);
        since = 1;
      } else since += 1;
    }
    return constant(gap === 0 ? 0 : ((1 - SMOOTHING / 2) * size) / gap);
  },
};

/** Teunter, Syntetos and Babai (2011): a probability that decays while nothing sells, so that dying items die. */
export const tsb: Method = {
  name: 'tsb',
  leastDays: 56,
  suits: isIntermittent,
  fit: (series, until) => {
    let size = 0;
    let probability = 0;
    for (let index = 0; index < until; index++) {
      const sold = series.sold[index]!;
      const isFirst = size === 0 && sold > 0;
      if (sold > 0) size = isFirst ? sold : size + SMOOTHING * (sold - size);
      probability = isFirst ? 1 / (index + 1) : probability + SMOOTHING * 0.5 * ((sold > 0 ? 1 : 0) - probability);
    }
    return constant(size * probability);
  },
};

/** In order of preference when errors tie: the plainer one first. */
export const METHODS: readonly Method[] = [average, movingAverage, smoothed, weekdayIndexed, seasonal, crostonSba, tsb];

export function isIntermittent(series: Series, until: number): boolean {
  let days = 0;
  for (let index = 0; index < until; index++) if (series.sold[index]! > 0) days += 1;
  return days > 0 && until / days >= INTERMITTENT_FROM;
}

export function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let index = Math.max(from, 0); index < to; index++) total += values[index]!;
  return total;
}

function constant(rate: number): Forecast {
  return () => rate;
}
