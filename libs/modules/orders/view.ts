/** Rows → what the API shows and what events carry. */
import type { ResponseOf } from '#contracts/operation';
import type { getOrder } from '#contracts/orders/operations';
import { Decimal, Money } from '#kernel';
import { lineFact, lineView } from '#modules/documents';
import type { OrderLineRow, OrderRow, OrderWithLines } from './data/orders.js';

export function orderSummary(row: OrderRow) {
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    customer_id: row.customer_id,
    site_id: row.site_id,
    quote_id: row.quote_id,
    seller_id: row.seller_id,
    currency: row.currency,
    total: totalOf(row),
    created_at: row.created_at.toISOString(),
  };
}

export function orderView(row: OrderWithLines): ResponseOf<typeof getOrder> {
  return { ...orderSummary(row), lines: row.lines.map((line) => orderLine(line, row.currency)) };
}

function orderLine(line: OrderLineRow, currency: string) {
  return {
    ...lineView(line, currency),
    reserved: Decimal.parse(line.reserved).toText(),
    delivered: Decimal.parse(line.delivered).toText(),
  };
}

/** The members that the events of a placed and of a sold order carry. */
export function eventData(row: OrderWithLines) {
  return {
    order_id: row.id,
    number: row.number,
    customer_id: row.customer_id,
    site_id: row.site_id,
    seller_id: row.seller_id,
    quote_id: row.quote_id,
    currency: row.currency,
    total: totalOf(row),
    lines: row.lines.map((line) => lineFact(line, row.currency)),
  };
}

function totalOf(row: OrderRow): string {
  return new Money(row.total_minor, row.currency).toText();
}
