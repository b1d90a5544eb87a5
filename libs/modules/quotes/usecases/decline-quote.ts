import { quoteDeclined } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { type QuoteWithLines, saveState } from '../data/quotes.js';
import { eventData } from '../view.js';
import { type MoveQuote, quoteReadyFor, reread } from './move-quote.js';

export interface DeclineQuote extends MoveQuote {
  reason: string | null;
}

export async function declineQuote(tx: TenantTransaction, input: DeclineQuote): Promise<QuoteWithLines> {
  const quote = await quoteReadyFor(tx, input, 'declined');
  await saveState(tx, quote.id, { to: 'declined' });
  emit(tx, quoteDeclined, { id: quote.id, version: quote.version + 1 }, { ...eventData(quote), reason: input.reason });
  return reread(tx, quote.id);
}
