import { quoteCreated } from '#contracts/quotes/events';
import { newId } from '#kernel';
import { reserve } from '#modules/entitlements';
import type { TenantTransaction } from '#platform/database';
import { nextNumber } from '#platform/numbering';
import { emit } from '#platform/outbox';
import { insertQuote, type QuoteWithLines } from '../data/quotes.js';
import { eventData, eventLines } from '../view.js';
import { priceDraft, type QuoteTerms } from './draft-quote.js';

const SERIES = 'COT';

/** The first version under a new number. */
export async function createQuote(tx: TenantTransaction, terms: QuoteTerms): Promise<QuoteWithLines> {
  const id = newId();
  // Unit and number are locked last, because every new quote of the tenant waits for these two rows.
  const draft = await priceDraft(tx, terms, { id, number: '', revision: 1 });
  await reserve(tx, 'quotes');
  const quote = await insertQuote(tx, { ...draft, number: await nextNumber(tx, SERIES) });
  emit(tx, quoteCreated, quote, { ...eventData(quote), lines: eventLines(quote) });
  return quote;
}
