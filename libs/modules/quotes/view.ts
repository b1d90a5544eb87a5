/** Rows → what the API shows and what events carry. */
import type { ResponseOf } from '#contracts/operation';
import type { getQuote } from '#contracts/quotes/operations';
import { Decimal, Money } from '#kernel';
import { lineFact, lineView } from '#modules/documents';
import type { QuoteLineRow, QuoteRow, QuoteWithLines } from './data/quotes.js';
import { stateNow } from './domain/quote.js';

export function quoteSummary(row: QuoteRow) {
  return {
    id: row.id,
    number: row.number,
    version: row.revision,
    state: stateNow(row),
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
  return { ...quoteSummary(row), lines: row.lines.map((line) => quoteLine(line, row.currency)) };
}

function quoteLine(line: QuoteLineRow, currency: string) {
  return { ...lineView(line, currency), converted_quantity: Decimal.parse(line.converted_quantity).toText() };
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
  return row.lines.map((line) => lineFact(line, row.currency));
}

function totalOf(row: QuoteRow): string {
  return new Money(row.total_minor, row.currency).toText();
}
