/**
 * The insights of one product: at most a stockout ahead, a purchase to make, and either stock beyond the maximum or stock
 * that no longer sells. Pure; every figure shown in a sentence is computed here.
 */
import type { DesiredInsight, Figures, Worth } from '#modules/insights';
import { Decimal, Money } from '#kernel';
import type { Class } from './classes.js';
import { type Day, dayText } from './days.js';
import type { Plan } from './plan.js';

export interface Product {
  readonly tenant: string;
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly price: Decimal;
  readonly currency: string;
  readonly onHand: Decimal;
  readonly reserved: Decimal;
  /** What one base unit cost on the last receipt that said so. */
  readonly lastCost: Decimal | null;
  /** How often goods were received: a new receipt is a new situation. */
  readonly receipts: number;
  readonly firstDay: Day;
  readonly lastSoldDay: Day | null;
}

export const HIGH_RISK_DAYS = 7;
export const MEDIUM_RISK_DAYS = 14;
export const IDLE_DAYS = 60;

const QUIET_AFTER_PURCHASE = 30;
const QUIET_AFTER_CLEARANCE = 60;

const PRIORITY: Readonly<
  Record<'high' | 'medium' | 'replenishment' | 'excess' | 'idle', Readonly<Record<Class, number>>>
> = {
  high: { A: 100, B: 97, C: 94 },
  medium: { A: 85, B: 82, C: 79 },
  replenishment: { A: 70, B: 65, C: 60 },
  excess: { A: 40, B: 37, C: 34 },
  idle: { A: 31, B: 30, C: 29 },
};

/** Units that come in pieces (UN/ECE Recommendation 20 and 21): a purchase has no half box. */
const PIECES = new Set([
  'H87',
  'C62',
  'EA',
  'BX',
  'XBX',
  'BG',
  'XBG',
  'PK',
  'XPK',
  'PR',
  'SET',
  'RO',
  'XRO',
  'ST',
  'CT',
  'XCT',
]);

export function advise(product: Product, plan: Plan, abc: Class, today: Day): DesiredInsight[] {
  const available = product.onHand.minus(product.reserved);
  const isSelling = !plan.dailyDemand.isZero;
  const suggestion = upToPieces(plan.maximum.minus(available), product.unit);
  const days = isSelling ? coverage(available, plan) : null;
  const context = { product, plan, abc, today, available, suggestion, days };
  return [rupture(context), replenishment(context), excess(context), idle(context)].filter(
    (insight) => insight !== null,
  );
}

interface Context {
  readonly product: Product;
  readonly plan: Plan;
  readonly abc: Class;
  readonly today: Day;
  readonly available: Decimal;
  readonly suggestion: Decimal;
  /** Days until the available stock is sold; null when nothing sells. */
  readonly days: Decimal | null;
}

function rupture(context: Context): DesiredInsight | null {
  const { product, plan, available, days, abc, suggestion } = context;
  if (days === null) return null;
  const risk = isAtMost(days, HIGH_RISK_DAYS) ? 'high' : isAtMost(days, MEDIUM_RISK_DAYS) ? 'medium' : 'low';
  if (risk === 'low') return null;
  const missed = plan.dailyDemand.times(Decimal.of(BigInt(plan.leadTimeDays))).minus(available);
  return {
    ...about(product, 'rupture'),
    figures: { ...figuresOf(context), days: days.toText(), risk, suggestion: suggestion.toText() },
    worth: valued(missed, product.price, product.currency),
    action: { type: 'create_purchase', product_id: product.id, quantity: suggestion.toText() },
    priority: PRIORITY[risk][abc],
    measure: days.toText(),
    quietDays: QUIET_AFTER_PURCHASE,
  };
}

function replenishment(context: Context): DesiredInsight | null {
  const { product, plan, available, abc, suggestion } = context;
  if (available.compare(plan.minimum) >= 0 || suggestion.isZero) return null;
  return {
    ...about(product, 'replenishment'),
    figures: { ...figuresOf(context), suggestion: suggestion.toText() },
    // The sales that are missed without a purchase: the part of the minimum that is not in stock.
    worth: valued(plan.minimum.minus(available), product.price, product.currency),
    action: { type: 'create_purchase', product_id: product.id, quantity: suggestion.toText() },
    priority: PRIORITY.replenishment[abc],
    measure: suggestion.toText(),
    quietDays: QUIET_AFTER_PURCHASE,
  };
}

function excess(context: Context): DesiredInsight | null {
  const { product, plan, available, abc, days } = context;
  // Nothing sold yet says nothing about how much is too much; nothing sold for long is `idle`.
  if (days === null || isIdle(product, context.today)) return null;
  const beyond = downToPieces(available.minus(plan.maximum), product.unit);
  if (beyond.isNegative || beyond.isZero) return null;
  const cost = costOf(product);
  const worth = valued(beyond, cost.unit, product.currency);
  return {
    ...about(product, 'excess'),
    figures: { ...figuresOf(context), days: days.toText(), excess: beyond.toText(), ...tiedUp(cost, worth) },
    worth,
    action: { type: 'hold_purchases', product_id: product.id, quantity: beyond.toText() },
    priority: PRIORITY.excess[abc],
    measure: beyond.toText(),
    quietDays: QUIET_AFTER_CLEARANCE,
  };
}

function idle(context: Context): DesiredInsight | null {
  const { product, today, abc } = context;
  if (product.onHand.isZero || !isIdle(product, today)) return null;
  const since = product.lastSoldDay ?? product.firstDay;
  const cost = costOf(product);
  const worth = valued(product.onHand, cost.unit, product.currency);
  return {
    ...about(product, 'idle'),
    basis: `${product.receipts} ${since}`,
    figures: {
      ...figuresOf(context),
      on_hand: product.onHand.toText(),
      idle_days: today - since,
      since: dayText(since),
      was_ever_sold: product.lastSoldDay !== null,
      ...tiedUp(cost, worth),
    },
    worth,
    action: { type: 'offer_discount', product_id: product.id, quantity: product.onHand.toText() },
    priority: PRIORITY.idle[abc],
    measure: product.onHand.toText(),
    quietDays: QUIET_AFTER_CLEARANCE,
  };
}

function about(product: Product, kind: string) {
  return { tenant: product.tenant, kind, subject: `product/${product.id}`, basis: String(product.receipts) };
}

function figuresOf({ product, plan, abc, available, today }: Context): Figures {
  return {
    code: product.code,
    name: product.name,
    unit: product.unit,
    class: abc,
    available: available.toText(),
    sold: plan.windowQuantity.toText(),
    window_days: plan.windowDays,
    is_short_history: today - product.firstDay + 1 < plan.windowDays,
    daily: plan.dailyDemand.rounded(3).toText(),
    lead_time_days: plan.leadTimeDays,
    safety_percent: plan.safetyPercent,
    minimum: plan.minimum.toText(),
    maximum: plan.maximum.toText(),
    method: plan.method,
    error_percent: plan.errorPercent,
    naive_error_percent: plan.naiveErrorPercent,
    currency: product.currency,
  };
}

interface Cost {
  readonly unit: Decimal;
  readonly source: 'last_receipt' | 'list_price';
}

function costOf(product: Product): Cost {
  return product.lastCost
    ? { unit: product.lastCost, source: 'last_receipt' }
    : { unit: product.price, source: 'list_price' };
}

function tiedUp(cost: Cost, worth: Worth | null): Figures {
  const amount = worth ? new Money(worth.minor, worth.currency).toText() : '0';
  return { tied_up: amount, unit_cost: cost.unit.toText(2), cost_source: cost.source };
}

function valued(quantity: Decimal, unit: Decimal, currency: string): Worth | null {
  const { minor } = Money.fromDecimal(quantity.times(unit), currency);
  return minor > 0n ? { minor, currency } : null;
}

/** Days to one decimal; a stock that is empty or promised away lasts 0 days. */
function coverage(available: Decimal, plan: Plan): Decimal {
  if (available.isNegative || available.isZero) return Decimal.zero;
  if (plan.method === 'average')
    return available.timesRatio(BigInt(plan.windowDays) * 1000n, plan.windowQuantity.rounded(3).units, 1);
  return available.timesRatio(1_000_000n, plan.dailyDemand.rounded(6).units, 1);
}

function isAtMost(value: Decimal, limit: number): boolean {
  return value.compare(Decimal.of(BigInt(limit))) <= 0;
}

function isIdle(product: Product, today: Day): boolean {
  return today - (product.lastSoldDay ?? product.firstDay) >= IDLE_DAYS;
}

function upToPieces(quantity: Decimal, unit: string): Decimal {
  if (quantity.isNegative) return Decimal.zero;
  if (!PIECES.has(unit)) return quantity;
  const down = downToPieces(quantity, unit);
  return down.compare(quantity) === 0 ? down : down.plus(Decimal.of(1n));
}

function downToPieces(quantity: Decimal, unit: string): Decimal {
  if (!PIECES.has(unit) || quantity.isNegative) return quantity;
  return quantity.truncated(0);
}
