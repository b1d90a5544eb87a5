import { quoteChanged } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockQuote, type QuoteRef, type QuoteWithLines, replaceDraft } from '../data/quotes.js';
import { errors } from '../errors.js';
import { eventData, eventLines } from '../view.js';
import { priceDraft, type QuoteTerms } from './draft-quote.js';

export interface ChangeQuote extends QuoteRef {
  terms: QuoteTerms;
}

/** Only a draft changes; a sent quote gets a new version instead (`reviseQuote`). */
export async function changeQuote(tx: TenantTransaction, input: ChangeQuote): Promise<QuoteWithLines> {
  const before = await lockQuote(tx, input);
  if (before.state !== 'draft') {
    throw errors.invalid_transition({
      message: `The quote is ${before.state}; only a draft can be changed.`,
      details: { from: before.state, to: 'draft' },
    });
  }
  const changed = await replaceDraft(tx, await priceDraft(tx, input.terms, before));
  emit(tx, quoteChanged, changed, { ...eventData(changed), lines: eventLines(changed) });
  return changed;
}
