/** An accepted quote becomes an order, whole or in part. Locked first, so 64 callers at once make one order. */
import { quoteConverted } from '#contracts/quotes/events';
import { Decimal } from '#kernel';
import { type DocumentLine, lineOf, partOfLine } from '#modules/documents';
import { type PlacedOrder, placeOrder } from '#modules/orders';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import {
  addConverted,
  lockQuote,
  type QuoteLineRow,
  type QuoteRef,
  type QuoteWithLines,
  saveState,
} from '../data/quotes.js';
import { type Conversion, hasEnded, planConversion, quoteStates, stateNow } from '../domain/quote.js';
import { errors } from '../errors.js';
import { eventData } from '../view.js';
import { recordExpiry } from './record-expiry.js';

export interface ConvertQuote extends QuoteRef {
  /** All that is left unless given. */
  lines?: readonly Conversion[] | undefined;
  /** Whether the caller may convert a quote whose validity has ended. */
  mayConvertExpired: boolean;
}

/** Throws `invalid_transition`, `quote_expired` or `nothing_to_convert`. */
export async function convertQuote(tx: TenantTransaction, input: ConvertQuote): Promise<PlacedOrder> {
  const quote = await lockQuote(tx, input);
  quoteStates.assert(stateNow(quote), 'converted');
  if (hasEnded(quote) && !input.mayConvertExpired) throw errors.quote_expired();
  const plan = planConversion(quote.lines.map(convertible), input.lines);
  const to = plan.isComplete ? 'converted' : 'partially_converted';
  quoteStates.assert(stateNow(quote), to);

  const current = await recordExpiry(tx, quote);
  const order = await placeOrder(tx, {
    customerId: quote.customer_id,
    siteId: quote.site_id,
    quoteId: quote.id,
    currency: quote.currency,
    lines: plan.lines.map((part) => orderLine(quote, part)),
  });
  await addConverted(tx, quote.id, plan.lines);
  const converted = await saveState(tx, current, { to });
  emit(tx, quoteConverted, converted, {
    ...eventData(converted),
    order_id: order.id,
    order_number: order.number,
    is_complete: plan.isComplete,
  });
  return order;
}

function convertible(line: QuoteLineRow) {
  return {
    position: line.position,
    quantity: Decimal.parse(line.quantity),
    converted: Decimal.parse(line.converted_quantity),
  };
}

function orderLine(quote: QuoteWithLines, { position, quantity }: Conversion): DocumentLine {
  const line = quote.lines.find((candidate) => candidate.position === position)!;
  const taken = Decimal.parse(line.converted_quantity);
  return partOfLine(lineOf(line, quote.currency), { quantity, taken }, Decimal.parse(quote.discount_percent));
}
