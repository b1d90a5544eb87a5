/** Rows → what the API shows and what events carry. */
import type { ResponseOf } from '#contracts/operation';
import type { getQuote } from '#contracts/quotes/operations';
import { Decimal, Money, priceText } from '#kernel';
import type { QuoteLineRow, QuoteRow, QuoteWithLines } from './data/quotes.js';
import { stateAt } from './domain/quote.js';

export function quoteSummary(row: QuoteRow) {
  return {
    id: row.id,
    number: row.number,
    version: row.revision,
    state: stateAt({ state: row.state, validUntil: row.valid_until }, row.now),
    customer_id: row.customer_id,
    site_id: row.site_id,
    seller_id: row.seller_id,
    currency: row.currency,
    discount_percent: Decimal.parse(row.discount_percent).toText(),
    total: totalOf(row),
    valid_until: row.valid_until?.toISOString() ?? null,
    accepted_by: row.accepted_by,
    created_at: row.created_at.toISOString(),
  };
}

export function quoteView(row: QuoteWithLines): ResponseOf<typeof getQuote> {
  return { ...quoteSummary(row), lines: row.lines.map((line) => lineView(line, row.currency)) };
}

/** The members every quote event carries. */
export function eventData(row: QuoteRow) {
  return {
    quote_id: row.id,
    number: row.number,
    revision: row.revision,
    customer_id: row.customer_id,
    site_id: row.site_id,
    seller_id: row.seller_id,
    currency: row.currency,
    total: totalOf(row),
  };
}

export function eventLines(row: QuoteWithLines) {
  return quoteView(row).lines.map(
    ({ product_id, quantity, unit, base_quantity, unit_price, discount_percent, total }) => ({
      product_id,
      quantity,
      unit,
      base_quantity,
      unit_price,
      discount_percent,
      total,
    }),
  );
}

function lineView(line: QuoteLineRow, currency: string) {
  return {
    position: line.position,
    product_id: line.product_id,
    code: line.code,
    name: line.name,
    unit: line.unit,
    quantity: Decimal.parse(line.quantity).toText(),
    base_quantity: Decimal.parse(line.base_quantity).toText(),
    unit_price: priceText(Decimal.parse(line.unit_price), currency),
    discount_percent: Decimal.parse(line.discount_percent).toText(),
    total: new Money(BigInt(line.total_minor), currency).toText(),
    converted_quantity: Decimal.parse(line.converted_quantity).toText(),
  };
}

function totalOf(row: QuoteRow): string {
  return new Money(row.total_minor, row.currency).toText();
}
