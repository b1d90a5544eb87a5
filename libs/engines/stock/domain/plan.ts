/**
 * From a product's sales to its levels: expected demand over the lead time, minimum = that + safety, maximum = twice that
 * + safety. Exact decimals from here on.
 */
import { Decimal } from '#kernel';
import { chooseMethod } from './backtest.js';
import type { Day } from './days.js';
import { type MethodName, type Series, sum, WINDOW_DAYS, windowDays } from './forecasts.js';
import type { Parameters } from './parameters.js';

export interface Plan {
  readonly windowDays: number;
  readonly windowQuantity: Decimal;
  readonly method: MethodName;
  readonly errorPercent: string | null;
  readonly naiveErrorPercent: string | null;
  readonly dailyDemand: Decimal;
  readonly leadTimeDays: number;
  readonly safetyPercent: string;
  readonly minimum: Decimal;
  readonly maximum: Decimal;
}

export interface PlanInput {
  /** The last day of the series; unfinished, so it counts as sold but teaches no pattern. */
  readonly today: Day;
  readonly firstDay: Day;
  readonly series: Series;
  readonly parameters: Parameters;
}

const THOUSANDTHS = 3;

export function planDemand({ today, firstDay, series, parameters }: PlanInput): Plan {
  const { leadTimeDays, safetyPercent } = parameters;
  const days = series.sold.length;
  const denominator = windowDays(today - firstDay + 1);
  // Whole thousandths below 2^53 add up exactly in a double.
  const sold = BigInt(sum(series.sold, days - WINDOW_DAYS, days));
  const windowQuantity = Decimal.of(sold, THOUSANDTHS);
  const { method, errorPercent, naiveErrorPercent } = chooseMethod(series, days - 1);

  let leadDemand: Decimal;
  if (method.name === 'average') {
    leadDemand = windowQuantity.timesRatio(BigInt(leadTimeDays), BigInt(denominator), THOUSANDTHS);
  } else {
    const forecast = method.fit(series, days - 1);
    let expected = 0;
    for (let ahead = 1; ahead <= leadTimeDays; ahead++) expected += forecast(today + ahead);
    leadDemand = Decimal.of(BigInt(Math.round(expected)), THOUSANDTHS);
  }
  const safety = leadDemand.times(Decimal.parse(safetyPercent)).timesRatio(1n, 100n, THOUSANDTHS);
  return {
    windowDays: denominator,
    windowQuantity,
    method: method.name,
    errorPercent: errorPercent === null ? null : errorPercent.toFixed(2),
    naiveErrorPercent: naiveErrorPercent === null ? null : naiveErrorPercent.toFixed(2),
    dailyDemand:
      method.name === 'average'
        ? windowQuantity.timesRatio(1n, BigInt(denominator), 6)
        : leadDemand.timesRatio(1n, BigInt(leadTimeDays), 6),
    leadTimeDays,
    safetyPercent,
    minimum: leadDemand.plus(safety).rounded(THOUSANDTHS),
    maximum: leadDemand.plus(leadDemand).plus(safety).rounded(THOUSANDTHS),
  };
}
