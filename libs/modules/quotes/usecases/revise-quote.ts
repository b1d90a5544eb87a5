import { quoteCreated, quoteSuperseded } from '#contracts/quotes/events';
import { Decimal, Money, newId } from '#kernel';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { insertQuote, type QuoteWithLines, saveState } from '../data/quotes.js';
import { eventData, eventLines } from '../view.js';
import { type MoveQuote, quoteReadyFor, reread } from './move-quote.js';

/** The next version under the same number: a draft with the same lines at the same prices. The old one is superseded. */
export async function reviseQuote(tx: TenantTransaction, input: MoveQuote): Promise<QuoteWithLines> {
  const old = await quoteReadyFor(tx, input, 'superseded');
  const id = newId();
  await saveState(tx, old.id, { to: 'superseded' });
  emit(tx, quoteSuperseded, { id: old.id, version: old.version + 1 }, { ...eventData(old), superseded_by: id });
  await insertQuote(tx, {
    id,
    number: old.number,
    revision: old.revision + 1,
    customerId: old.customer_id,
    siteId: old.site_id,
    currency: old.currency,
    discountPercent: old.discount_percent,
    totalMinor: old.total_minor,
    validDays: old.valid_days,
    lines: old.lines.map((line) => ({
      productId: line.product_id,
      code: line.code,
      name: line.name,
      unit: line.unit,
      quantity: Decimal.parse(line.quantity),
      baseQuantity: Decimal.parse(line.base_quantity),
      unitPrice: Decimal.parse(line.unit_price),
      discountPercent: Decimal.parse(line.discount_percent),
      total: new Money(BigInt(line.total_minor), old.currency),
    })),
  });
  const quote = await reread(tx, id);
  emit(tx, quoteCreated, { id, version: quote.version }, { ...eventData(quote), lines: eventLines(quote) });
  return quote;
}
