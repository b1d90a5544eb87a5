/** The insights of a product's partners, of a silent customer and of a quote that is about to end. Pure. */
import type { DesiredInsight, Worth } from '#modules/insights';
import { Decimal, divideHalfUp, Money } from '#kernel';
import { type Partner, suggestionsFor, WINDOW_DAYS } from './associations.js';

const DAY_MS = 86_400_000;

export interface PartnerFacts extends Partner {
  readonly code: string;
  readonly name: string;
  /** Value of the partner's sales in the window, in minor units. */
  readonly valueMinor: bigint;
}

export interface ProductFacts {
  readonly tenant: string;
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly currency: string;
  readonly baskets: number;
  readonly allBaskets: number;
  readonly partners: readonly PartnerFacts[];
  readonly factsAt: Date;
}

/** An assumption, shown as one: this percentage of the baskets without the partner would take it when it is offered. */
const TAKEN_PERCENT = 10n;

export function adviseCompany(product: ProductFacts): DesiredInsight | null {
  const suggestions = suggestionsFor(product.baskets, product.allBaskets, product.partners);
  const best = suggestions[0]?.partner;
  if (!best) return null;
  const without = BigInt(product.baskets - best.together);
  const expected = divideHalfUp(without * TAKEN_PERCENT * best.valueMinor, 100n * BigInt(best.baskets));
  return {
    tenant: product.tenant,
    kind: 'bought_together',
    subject: `product/${product.id}`,
    figures: {
      code: product.code,
      name: product.name,
      baskets: product.baskets,
      all_baskets: product.allBaskets,
      window_days: WINDOW_DAYS,
      taken_percent: String(TAKEN_PERCENT),
      suggestions: suggestions.map(({ partner, band }) => ({
        product_id: partner.id,
        code: partner.code,
        name: partner.name,
        together: partner.together,
        support_percent: ratio(partner.together * 100, product.allBaskets, 2),
        confidence_percent: ratio(partner.together * 100, product.baskets, 1),
        lift: ratio(partner.together * product.allBaskets, product.baskets * partner.baskets, 2),
        band,
        is_in_stock: partner.isInStock,
      })),
    },
    worth: expected > 0n ? { minor: expected, currency: product.currency } : null,
    action: { type: 'offer_together', product_id: product.id, partner_id: best.id },
    priority: 20,
    basis: best.id,
    measure: ratio(best.together * 100, product.baskets, 1),
    quietDays: 180,
  };
}

export interface CustomerFacts {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly orders: number;
  readonly totalMinor: bigint;
  readonly currency: string;
  readonly firstSoldAt: Date;
  readonly lastSoldAt: Date;
  readonly factsAt: Date;
}

/** Fewer orders have no rhythm to break. */
export const LEAST_ORDERS = 4;
export const SILENT_INTERVALS = 3;
export const LEAST_SILENT_DAYS = 30;
/** After a year the customer is lost, and a reminder no longer helps. */
export const LONGEST_SILENCE_DAYS = 365;

export function adviseCustomer(customer: CustomerFacts, asOf: Date): DesiredInsight | null {
  if (customer.orders < LEAST_ORDERS) return null;
  const spanMs = customer.lastSoldAt.getTime() - customer.firstSoldAt.getTime();
  const interval = Decimal.of(divideHalfUp(BigInt(spanMs) * 10n, BigInt((customer.orders - 1) * DAY_MS)), 1);
  const silentDays = Math.floor(asOf.getTime() / DAY_MS) - Math.floor(customer.lastSoldAt.getTime() / DAY_MS);
  const limit = interval.times(Decimal.of(BigInt(SILENT_INTERVALS)));
  const isSilent = silentDays >= LEAST_SILENT_DAYS && Decimal.of(BigInt(silentDays)).compare(limit) >= 0;
  if (!isSilent || silentDays > LONGEST_SILENCE_DAYS) return null;
  const usual: Worth = {
    minor: divideHalfUp(customer.totalMinor, BigInt(customer.orders)),
    currency: customer.currency,
  };
  return {
    tenant: customer.tenant,
    kind: 'stopped_buying',
    subject: `customer/${customer.id}`,
    figures: {
      name: customer.name,
      orders: customer.orders,
      interval_days: interval.toText(),
      silent_days: silentDays,
      last_sold_on: customer.lastSoldAt.toISOString().slice(0, 10),
      usual_order: new Money(usual.minor, usual.currency).toText(),
      currency: usual.currency,
    },
    worth: usual.minor > 0n ? usual : null,
    action: { type: 'contact_customer', customer_id: customer.id },
    priority: 50,
    basis: customer.lastSoldAt.toISOString(),
    measure: interval.toText(),
    quietDays: 60,
  };
}

export interface QuoteFacts {
  readonly tenant: string;
  readonly id: string;
  readonly number: string;
  readonly customerId: string;
  readonly customerName: string | null;
  readonly state: string;
  readonly totalMinor: bigint;
  readonly currency: string;
  readonly validUntil: Date | null;
  readonly factsAt: Date;
}

export const ENDING_DAYS = 3;

export function adviseQuote(quote: QuoteFacts, asOf: Date): DesiredInsight | null {
  if (quote.state !== 'sent' || !quote.validUntil || quote.validUntil < asOf) return null;
  const daysLeft = Math.floor(quote.validUntil.getTime() / DAY_MS) - Math.floor(asOf.getTime() / DAY_MS);
  if (daysLeft > ENDING_DAYS) return null;
  const total: Worth = { minor: quote.totalMinor, currency: quote.currency };
  return {
    tenant: quote.tenant,
    kind: 'quote_ending',
    subject: `quote/${quote.id}`,
    figures: {
      number: quote.number,
      customer: quote.customerName,
      total: new Money(total.minor, total.currency).toText(),
      currency: total.currency,
      valid_until: quote.validUntil.toISOString(),
      days_left: daysLeft,
    },
    worth: total.minor > 0n ? total : null,
    action: { type: 'contact_customer', customer_id: quote.customerId, quote_id: quote.id },
    priority: 55,
    basis: quote.validUntil.toISOString(),
    measure: new Money(total.minor, total.currency).toText(),
    quietDays: 30,
  };
}

function ratio(numerator: number, denominator: number, decimals: number): string {
  return Decimal.of(BigInt(numerator)).timesRatio(1n, BigInt(denominator), decimals).toText();
}
