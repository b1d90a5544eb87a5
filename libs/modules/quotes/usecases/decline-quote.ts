import { quoteDeclined } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockQuote, type QuoteRef, type QuoteWithLines, saveState } from '../data/quotes.js';
import { quoteStates, stateNow } from '../domain/quote.js';
import { eventData } from '../view.js';

export interface DeclineQuote extends QuoteRef {
  reason: string | null;
}

export async function declineQuote(tx: TenantTransaction, input: DeclineQuote): Promise<QuoteWithLines> {
  const quote = await lockQuote(tx, input);
  quoteStates.assert(stateNow(quote), 'declined');
  const declined = await saveState(tx, quote, { to: 'declined' });
  emit(tx, quoteDeclined, declined, { ...eventData(declined), reason: input.reason });
  return declined;
}
