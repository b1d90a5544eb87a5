/**
 * Measures the stock engine's forecasts and rupture alerts against a history whose future is known. `npm run bench`
 * prints the figures; a spec checks their lowest values.
 */
import { type Pattern, PATTERNS, type ProductHistory, storeHistory } from './store-history.js';
import { Decimal } from '#kernel';
import { advise, HIGH_RISK_DAYS, type Product } from '../../engines/stock/domain/advice.js';
import type { Day } from '../../engines/stock/domain/days.js';
import { type Method, movingAverage, naive, type Series } from '../../engines/stock/domain/forecasts.js';
import { DEFAULTS } from '../../engines/stock/domain/parameters.js';
import { type Plan, planDemand } from '../../engines/stock/domain/plan.js';

/** Percent: Σ|forecast − sold| ÷ Σ sold over the week after the known days. */
export interface ForecastErrors {
  readonly engine: number;
  readonly naive: number;
  readonly movingAverage: number;
}

export interface StockQuality {
  readonly products: number;
  readonly all: ForecastErrors;
  readonly byPattern: Readonly<Record<Pattern, ForecastErrors>>;
  /** Alerts "runs out within 7 days" against what then happened, over stocks between 2 and 14 days of true demand. */
  readonly rupture: {
    readonly alerts: number;
    readonly ruptures: number;
    readonly precision: number;
    readonly recall: number;
  };
}

const WEEK = 7;
const THOUSAND = 1_000;
const FIRST_DAY: Day = 20_000;
const STOCK_DAYS = [2, 4, 6, 8, 10, 14];

export function stockQuality(seed: number): StockQuality {
  const { products, known } = storeHistory(seed);
  const scores = products.map((product) => scoreForecasts(product, known));
  const ofPattern = (pattern: Pattern) => pooled(scores.filter((score) => score.pattern === pattern));
  return {
    products: products.length,
    all: pooled(scores),
    byPattern: Object.fromEntries(PATTERNS.map((pattern) => [pattern, ofPattern(pattern)])) as Record<
      Pattern,
      ForecastErrors
    >,
    rupture: scoreRuptures(products, known),
  };
}

interface Score {
  readonly pattern: Pattern;
  readonly sold: number;
  readonly misses: ForecastErrors;
}

function scoreForecasts(product: ProductHistory, known: number): Score {
  const series = seriesOf(product, known);
  const sold = soldIn(product, known, WEEK);
  const plan = planOf(series);
  const miss = (expected: number) => Math.abs(expected - sold);
  return {
    pattern: product.pattern,
    sold,
    misses: {
      engine: miss(Number(plan.dailyDemand.toText()) * WEEK),
      naive: miss(weekBy(naive, series)),
      movingAverage: miss(weekBy(movingAverage, series)),
    },
  };
}

function pooled(scores: readonly Score[]): ForecastErrors {
  const sold = scores.reduce((sum, score) => sum + score.sold, 0);
  const percent = (of: (errors: ForecastErrors) => number) =>
    (scores.reduce((sum, score) => sum + of(score.misses), 0) * 100) / Math.max(sold, 1);
  return {
    engine: percent((errors) => errors.engine),
    naive: percent((errors) => errors.naive),
    movingAverage: percent((errors) => errors.movingAverage),
  };
}

function scoreRuptures(products: readonly ProductHistory[], known: number): StockQuality['rupture'] {
  let [alerts, ruptures, hits] = [0, 0, 0];
  for (const product of products) {
    const series = seriesOf(product, known);
    const plan = planOf(series);
    const perDay = soldIn(product, known, 28) / 28;
    if (perDay === 0) continue;
    for (const days of STOCK_DAYS) {
      const stock = Math.max(Math.round(perDay * days), 1);
      const alert = isAlerted(product.id, stock, plan, series);
      const runsOut = soldIn(product, known, HIGH_RISK_DAYS) >= stock;
      alerts += Number(alert);
      ruptures += Number(runsOut);
      hits += Number(alert && runsOut);
    }
  }
  return {
    alerts,
    ruptures,
    precision: (hits * 100) / Math.max(alerts, 1),
    recall: (hits * 100) / Math.max(ruptures, 1),
  };
}

function isAlerted(id: string, stock: number, plan: Plan, series: Series): boolean {
  const today = series.start + series.sold.length - 1;
  const product: Product = {
    tenant: 'store',
    id,
    code: id,
    name: id,
    unit: 'H87',
    price: Decimal.of(10n),
    currency: 'BRL',
    onHand: Decimal.of(BigInt(stock)),
    reserved: Decimal.zero,
    lastCost: null,
    receipts: 1,
    firstDay: series.start,
    lastSoldDay: today,
  };
  return advise(product, plan, 'A', today).some(
    (insight) => insight.kind === 'rupture' && insight.figures['risk'] === 'high',
  );
}

function seriesOf(product: ProductHistory, known: number): Series {
  return { start: FIRST_DAY, sold: Float64Array.from(product.sold.slice(0, known), (pieces) => pieces * THOUSAND) };
}

function planOf(series: Series): Plan {
  const today = series.start + series.sold.length - 1;
  return planDemand({ today, firstDay: series.start, series, parameters: DEFAULTS });
}

function weekBy(method: Method, series: Series): number {
  const forecast = method.fit(series, series.sold.length);
  const next = series.start + series.sold.length;
  let expected = 0;
  for (let ahead = 0; ahead < WEEK; ahead++) expected += forecast(next + ahead);
  return expected / THOUSAND;
}

function soldIn(product: ProductHistory, from: number, days: number): number {
  return product.sold.slice(from, from + days).reduce((sum, pieces) => sum + pieces, 0);
}
