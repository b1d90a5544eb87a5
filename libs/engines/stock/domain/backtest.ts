/**
 * Which method would have served this product best? Each forecasts the last eight weeks, one week at a time, from what
 * was known before that week; the error is the sum of absolute misses over the sum sold (a weighted MAPE, which unlike
 * MAPE survives weeks without sales). The plain average stays unless another is better by a twentieth.
 */
import { average, type Method, METHODS, naive, type Series, smoothed, sum } from './forecasts.js';

export const WEEKS = 8;
const HORIZON = 7;
/** Four weeks to learn from before the first forecast week. */
export const LEAST_DAYS = 28 + WEEKS * HORIZON;
const BETTER_BY = 0.95;

export interface Choice {
  readonly method: Method;
  /** Percent; null while there is too little history, or nothing was sold in the compared weeks. */
  readonly errorPercent: number | null;
  readonly naiveErrorPercent: number | null;
}

export function chooseMethod(series: Series, until: number): Choice {
  if (until < LEAST_DAYS) return undecided;
  const naiveError = errorOf(naive, series, until);
  // Eight weeks without a sale: the average would still remember the ninth; smoothing lets it fade.
  if (naiveError === null) return { ...undecided, method: smoothed };
  let best = { method: average, error: errorOf(average, series, until)! };
  const bar = best.error * BETTER_BY;
  for (const method of METHODS.slice(1)) {
    if (until - WEEKS * HORIZON < method.leastDays || !method.suits(series, until)) continue;
    const error = errorOf(method, series, until)!;
    if (error < bar && error < best.error) best = { method, error };
  }
  return { method: best.method, errorPercent: best.error, naiveErrorPercent: naiveError };
}

/** Null when nothing was sold in the weeks compared. */
export function errorOf(method: Method, series: Series, until: number): number | null {
  let missed = 0;
  let total = 0;
  for (let week = WEEKS; week > 0; week--) {
    const origin = until - week * HORIZON;
    const forecast = method.fit(series, origin);
    let expected = 0;
    for (let ahead = 0; ahead < HORIZON; ahead++) expected += forecast(series.start + origin + ahead);
    const actual = sum(series.sold, origin, origin + HORIZON);
    missed += Math.abs(expected - actual);
    total += actual;
  }
  return total === 0 ? null : (missed * 100) / total;
}

const undecided: Choice = { method: average, errorPercent: null, naiveErrorPercent: null };
