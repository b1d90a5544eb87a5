/** Plans and periods as the wire shows them. */

import type { MeterName } from '#contracts/meters';
import { moneyText, priceText } from '../accounts/index.js';
import type { PlanTerms } from './data/plans.js';
import { ceilingOf, limitsOf } from './domain/rating.js';

export const intervalOf = (months: 1 | 12) => (months === 1 ? 'month' : 'year');

interface Span {
  readonly seq: number;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

export const periodView = ({ seq, startsAt, endsAt }: Span) => ({
  seq,
  starts_at: startsAt.toISOString(),
  ends_at: endsAt.toISOString(),
});

export function planView(plan: PlanTerms, createdAt: Date) {
  const { id, code, version, currency } = plan;
  return {
    id,
    code,
    version,
    currency,
    base_price: moneyText(plan.baseMinor, currency),
    ceiling: moneyText(ceilingOf(plan), currency),
    interval: intervalOf(plan.intervalMonths),
    trial_days: plan.trialDays,
    review_hours: plan.reviewHours,
    due_days: plan.dueDays,
    tolerance: moneyText(plan.toleranceMinor, currency),
    minimum_charge: moneyText(plan.minimumChargeMinor, currency),
    meters: [...plan.meters].map(([meter, terms]) => {
      const { soft, hard } = limitsOf(terms);
      return {
        meter: meter as MeterName,
        included: Number(terms.included),
        soft: Number(soft),
        hard: Number(hard),
        unit_price: priceText(terms.priceMicro, currency),
        billable_from: terms.billableFrom,
      };
    }),
    created_at: createdAt.toISOString(),
  } as const;
}
