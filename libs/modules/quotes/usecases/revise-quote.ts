import { quoteCreated, quoteSuperseded } from '#contracts/quotes/events';
import { newId } from '#kernel';
import { lineOf } from '#modules/documents';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { insertQuote, lockQuote, type QuoteRef, type QuoteWithLines, saveState } from '../data/quotes.js';
import { quoteStates, stateNow } from '../domain/quote.js';
import { eventData, eventLines } from '../view.js';
import { recordExpiry } from './record-expiry.js';

/** The next version under the same number: a draft with the same lines at the same prices. The old one is superseded. */
export async function reviseQuote(tx: TenantTransaction, input: QuoteRef): Promise<QuoteWithLines> {
  const quote = await lockQuote(tx, input);
  quoteStates.assert(stateNow(quote), 'superseded');
  const id = newId();
  const old = await saveState(tx, await recordExpiry(tx, quote), { to: 'superseded' });
  emit(tx, quoteSuperseded, old, { ...eventData(old), superseded_by: id });
  const next = await insertQuote(tx, {
    id,
    number: old.number,
    revision: old.revision + 1,
    customerId: old.customer_id,
    siteId: old.site_id,
    currency: old.currency,
    discountPercent: old.discount_percent,
    totalMinor: old.total_minor,
    validDays: old.valid_days,
    lines: old.lines.map((line) => lineOf(line, old.currency)),
  });
  emit(tx, quoteCreated, next, { ...eventData(next), lines: eventLines(next) });
  return next;
}
