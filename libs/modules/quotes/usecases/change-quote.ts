import { quoteChanged } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockQuote, quoteById, type QuoteWithLines, replaceDraft } from '../data/quotes.js';
import { errors } from '../errors.js';
import { eventData, eventLines } from '../view.js';
import { priceDraft, type QuoteTerms } from './draft-quote.js';

export interface ChangeQuote {
  quoteId: string;
  terms: QuoteTerms;
  expectedVersion: number | undefined;
}

/** Only a draft changes; a sent quote gets a new version instead (`revise`). */
export async function changeQuote(tx: TenantTransaction, input: ChangeQuote): Promise<QuoteWithLines> {
  const before = await lockQuote(tx, input.quoteId, input.expectedVersion);
  if (before.state !== 'draft') {
    throw errors.invalid_transition({
      message: `The quote is ${before.state}; only a draft can be changed.`,
      details: { from: before.state, to: 'draft' },
    });
  }
  await replaceDraft(tx, await priceDraft(tx, input.terms, before));
  const quote = (await tx.first(quoteById(before.id)))!;
  emit(tx, quoteChanged, { id: quote.id, version: quote.version }, { ...eventData(quote), lines: eventLines(quote) });
  return quote;
}
