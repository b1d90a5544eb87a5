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
  const days = series.sold.length;
  // Whole thousandths below 2^53 add up exactly in a double.
  const windowQuantity = Decimal.of(BigInt(sum(series.sold, days - WINDOW_DAYS, days)), THOUSANDTHS);
  const { method, errorPercent, naiveErrorPercent } = chooseMethod(series, days - 1);
  const errors = { errorPercent: percentText(errorPercent), naiveErrorPercent: percentText(naiveErrorPercent) };
  if (method.name === 'average') {
    return { ...averagePlan(windowQuantity, windowDays(today - firstDay + 1), parameters), ...errors };
  }
  const forecast = method.fit(series, days - 1);
  let expected = 0;
  for (let ahead = 1; ahead <= parameters.leadTimeDays; ahead++) expected += forecast(today + ahead);
  const leadDemand = Decimal.of(BigInt(Math.round(expected)), THOUSANDTHS);
  return {
    windowDays: windowDays(today - firstDay + 1),
    windowQuantity,
    method: method.name,
    ...errors,
    dailyDemand: leadDemand.timesRatio(1n, BigInt(parameters.leadTimeDays), 6),
    ...levels(leadDemand, parameters),
  };
}

/**
 * The plan later on the same day, when nothing but today's sales has come: methods are chosen and learn from the days
 * before today, so only the plain average moves. Reading 90 days instead of 460 makes a review five times cheaper.
 */
export function withTodaysSales(plan: Plan, windowQuantity: Decimal): Plan {
  return plan.method === 'average'
    ? { ...plan, ...averagePlan(windowQuantity, plan.windowDays, plan) }
    : { ...plan, windowQuantity };
}

function averagePlan(windowQuantity: Decimal, denominator: number, parameters: Parameters) {
  const leadDemand = windowQuantity.timesRatio(BigInt(parameters.leadTimeDays), BigInt(denominator), THOUSANDTHS);
  return {
    windowDays: denominator,
    windowQuantity,
    method: 'average' as const,
    dailyDemand: windowQuantity.timesRatio(1n, BigInt(denominator), 6),
    ...levels(leadDemand, parameters),
  };
}

function levels(leadDemand: Decimal, { leadTimeDays, safetyPercent }: Parameters) {
  const safety = leadDemand.times(Decimal.parse(safetyPercent)).timesRatio(1n, 100n, THOUSANDTHS);
  return {
    leadTimeDays,
    safetyPercent,
    minimum: leadDemand.plus(safety).rounded(THOUSANDTHS),
    maximum: leadDemand.plus(leadDemand).plus(safety).rounded(THOUSANDTHS),
  };
}

function percentText(percent: number | null): string | null {
  return percent === null ? null : percent.toFixed(2);
}
