/** An accepted quote becomes an order, whole or in part. Locked first, so 64 callers at once make one order. */
import { quoteConverted } from '#contracts/quotes/events';
import { Decimal, Money } from '#kernel';
import { lineTotal } from '#modules/catalogue';
import { type OrderDraftLine, type PlacedOrder, placeOrder } from '#modules/orders';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { addConverted, type QuoteLineRow, type QuoteWithLines, saveState } from '../data/quotes.js';
import { type Conversion, isPastValidity, planConversion, quoteStates } from '../domain/quote.js';
import { errors } from '../errors.js';
import { eventData } from '../view.js';
import { type MoveQuote, quoteReadyFor } from './move-quote.js';

/** Base quantities are kept in thousandths. */
const BASE_DECIMALS = 3;

export interface ConvertQuote extends MoveQuote {
  /** All that is left unless given. */
  lines?: readonly Conversion[] | undefined;
  /** Whether the caller may convert a quote whose validity has ended. */
  mayConvertExpired: boolean;
}

export async function convertQuote(tx: TenantTransaction, input: ConvertQuote): Promise<PlacedOrder> {
  const quote = await quoteReadyFor(tx, input, 'converted');
  if (isPastValidity({ state: quote.state, validUntil: quote.valid_until }, quote.now) && !input.mayConvertExpired) {
    throw errors.quote_expired();
  }
  const plan = planConversion(quote.lines.map(convertible), input.lines);
  const to = plan.isComplete ? 'converted' : 'partially_converted';
  quoteStates.assert(quote.state, to);

  const order = await placeOrder(tx, {
    customerId: quote.customer_id,
    siteId: quote.site_id,
    quoteId: quote.id,
    currency: quote.currency,
    lines: plan.lines.map((part) => orderLine(quote, part)),
  });
  await addConverted(tx, quote.id, plan.lines);
  await saveState(tx, quote.id, { to });
  emit(
    tx,
    quoteConverted,
    { id: quote.id, version: quote.version + 1 },
    {
      ...eventData(quote),
      order_id: order.id,
      order_number: order.number,
      is_complete: plan.isComplete,
    },
  );
  return order;
}

function convertible(line: QuoteLineRow) {
  return {
    position: line.position,
    quantity: Decimal.parse(line.quantity),
    converted: Decimal.parse(line.converted_quantity),
  };
}

/**
 * The whole line keeps its frozen total. A part is priced by difference — the total up to here minus the total before —
 * so that the orders of one quote add up to its total to the minor unit, however it is split.
 */
function orderLine(quote: QuoteWithLines, part: Conversion): OrderDraftLine {
  const line = quote.lines.find((candidate) => candidate.position === part.position)!;
  const quantity = Decimal.parse(line.quantity);
  const before = Decimal.parse(line.converted_quantity);
  const upTo = (amount: Decimal) => totalUpTo(quote, line, amount);
  const basePart = Decimal.parse(line.base_quantity).portion(part.quantity, quantity, BASE_DECIMALS);
  return {
    productId: line.product_id,
    code: line.code,
    name: line.name,
    unit: line.unit,
    quantity: part.quantity,
    baseQuantity: basePart,
    unitPrice: Decimal.parse(line.unit_price),
    discountPercent: Decimal.parse(line.discount_percent),
    total: upTo(before.plus(part.quantity)).minus(upTo(before)),
  };
}

function totalUpTo(quote: QuoteWithLines, line: QuoteLineRow, quantity: Decimal): Money {
  if (quantity.compare(Decimal.parse(line.quantity)) === 0) return new Money(BigInt(line.total_minor), quote.currency);
  const discounts = { line: Decimal.parse(line.discount_percent), general: Decimal.parse(quote.discount_percent) };
  return lineTotal(quantity, Decimal.parse(line.unit_price), discounts, quote.currency);
}
