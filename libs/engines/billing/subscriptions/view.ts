/** Subscriptions in the shape of the API: money as decimal strings, instants in UTC. */
import type { MeterName } from '#contracts/meters';
import { moneyText, priceText } from '../accounts/index.js';
import { ceilingOf, intervalOf } from '../plans/index.js';
import { forecastOf, METERS } from '../usage/index.js';
import type { SubscriptionOverview } from './usecases/subscription-overview.js';

export function subscribedPlanView({ plan, follows }: SubscriptionOverview) {
  return {
    code: plan.code,
    version: plan.version,
    base_price: moneyText(plan.baseMinor, plan.currency),
    interval: intervalOf(plan.intervalMonths),
    follows: follows && { code: follows.plan.code, version: follows.plan.version, from: follows.from.toISOString() },
  } as const;
}

export function nextInvoiceView({ plan, preview }: SubscriptionOverview) {
  if (preview === null) return null;
  const { invoice, expectedOn } = preview;
  const { currency } = plan;
  return {
    expected_on: expectedOn,
    total_so_far: moneyText(invoice.total, currency),
    ceiling: moneyText(ceilingOf(plan), currency),
    lines: invoice.lines.map(({ kind, meter, quantity, priceMicro, amount }) => ({
      kind,
      meter: (meter ?? null) as MeterName | null,
      plan: kind === 'carry' ? null : plan.code,
      quantity: String(quantity),
      unit_price: priceText(priceMicro, currency),
      amount: moneyText(amount, currency),
    })),
  };
}

export function usageView({ plan, current, used, caps }: SubscriptionOverview, now: Date) {
  if (current === null) return [];
  return [...plan.meters].map(([name, terms]) => {
    const meter = name as MeterName;
    const count = used.get(name) ?? 0n;
    const own = caps.get(name);
    const { expected, thresholds } = forecastOf(terms, METERS[meter], count, current, now, own?.cap);
    return {
      meter,
      // Corrections may exceed the counts; usage is never shown below zero.
      used: Number(count > 0n ? count : 0n),
      included: Number(terms.included),
      unit_price: priceText(terms.priceMicro, plan.currency),
      own_cap: own ? { cap: Number(own.cap), set_by: own.setBy, set_at: own.setAt.toISOString() } : null,
      expected: Number(expected > 0n ? expected : 0n),
      thresholds: thresholds.map(({ isReached, limitedBy, ...threshold }) => ({
        ...threshold,
        limited_by: limitedBy,
        percent: Math.trunc(threshold.percent),
        units: Number(threshold.units),
        is_reached: isReached,
      })),
    };
  });
}
