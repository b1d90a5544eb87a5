/** Rows as the wire shows them: money as decimal strings, instants in UTC. */
import type { MeterName } from '#contracts/meters';
import { Money } from '#kernel';
import type { FactRow, InvoiceRow, LineRow, StandingRow } from './invoicing/data/lists.js';
import type { MethodRow } from './collection/data/methods.js';
import type { PlanTerms } from './plans/data/plans.js';
import { graceDeadline } from './access/domain/access.js';
import { priceTextOf } from './accounts/domain/amounts.js';
import { forecastOf } from './usage/domain/forecast.js';
import { METERS } from './usage/domain/meters.js';
import { ceilingOf, limitsOf } from './plans/domain/rating.js';
import type { SubscriptionPicture } from './subscriptions/usecases/subscription-picture.js';

export const moneyText = (minor: bigint, currency: string): string => new Money(minor, currency).toText();

export const instantText = (at: Date | null): string | null => at?.toISOString() ?? null;

/** Negative prices are those of what is given back. */
export const priceText = (micro: bigint, currency: string): string => priceTextOf(micro, currency);

const intervalOf = (months: 1 | 12) => (months === 1 ? 'month' : 'year');

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

export function invoiceView(row: InvoiceRow) {
  const { currency, total_minor: total, paid, credited } = row;
  const isOpen = row.number !== null;
  return {
    id: row.id,
    number: row.number === null ? null : Number(row.number),
    status: row.status,
    revision: row.revision,
    period: periodView({ seq: row.period_seq, startsAt: row.starts_at, endsAt: row.ends_at }),
    currency,
    total: moneyText(total, currency),
    paid: moneyText(paid, currency),
    credited: moneyText(credited, currency),
    owed: moneyText(isOpen ? total - paid - credited : 0n, currency),
    issued_at: instantText(row.issued_at),
    due_at: instantText(row.due_at),
    settled_at: instantText(row.settled_at),
    created_at: row.created_at.toISOString(),
  };
}

export function lineView(row: LineRow, currency: string) {
  return {
    line: row.line_no,
    kind: row.kind,
    meter: row.meter as MeterName | null,
    plan: row.plan,
    quantity: row.quantity,
    unit_price: priceText(BigInt(row.price_micro), currency),
    amount: moneyText(row.amount_minor, currency),
  };
}

export function paymentView(row: FactRow) {
  return {
    id: row.id,
    invoice_id: row.invoice_id,
    invoice_number: Number(row.invoice_number),
    kind: row.kind,
    amount: moneyText(row.amount_minor, row.currency),
    currency: row.currency,
    means: row.means,
    at: row.at.toISOString(),
  };
}

/** A method that the operator has named is known by its label alone. */
export function methodView({ provider, label, added_at: addedAt, ...card }: MethodRow) {
  const { brand, last4, exp_month: month, exp_year: year } = card;
  const isCard = brand !== null && last4 !== null && month !== null && year !== null;
  return {
    provider,
    label,
    card: isCard ? { brand, last4, expires_on: `${year}-${String(month).padStart(2, '0')}` } : null,
    added_at: addedAt.toISOString(),
  };
}

export function accessView(row: StandingRow) {
  const { access_state: state, notice_at: noticeAt, extended_until: extendedUntil } = row;
  return {
    state,
    trial_ends_at: state === 'trialing' ? instantText(row.trial_ends_at) : null,
    grace_ends_at: state === 'grace' ? instantText(graceDeadline({ noticeAt, extendedUntil })) : null,
    holds: row.holds,
    past_due: moneyText(row.past_due, row.currency),
  };
}

export function subscribedPlanView({ plan, follows }: SubscriptionPicture) {
  return {
    code: plan.code,
    version: plan.version,
    base_price: moneyText(plan.baseMinor, plan.currency),
    interval: intervalOf(plan.intervalMonths),
    follows: follows && { code: follows.plan.code, version: follows.plan.version, from: follows.from.toISOString() },
  } as const;
}

export function nextInvoiceView({ plan, preview }: SubscriptionPicture) {
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

export function usageView({ plan, current, used, caps }: SubscriptionPicture, now: Date) {
  if (current === null) return [];
  return [...plan.meters].map(([name, terms]) => {
    const meter = name as MeterName;
    const count = used.get(name) ?? 0n;
    const own = caps.get(name);
    const { expected, thresholds } = forecastOf(terms, METERS[meter], count, current, now, own?.cap);
    return {
      meter,
      // Corrections may exceed the counts; nobody has used less than nothing.
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
