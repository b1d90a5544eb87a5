import { quoteCancelled } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { type QuoteWithLines, saveState } from '../data/quotes.js';
import { eventData } from '../view.js';
import { type MoveQuote, quoteReadyFor, reread } from './move-quote.js';

export async function cancelQuote(tx: TenantTransaction, input: MoveQuote): Promise<QuoteWithLines> {
  const quote = await quoteReadyFor(tx, input, 'cancelled');
  await saveState(tx, quote.id, { to: 'cancelled' });
  emit(tx, quoteCancelled, { id: quote.id, version: quote.version + 1 }, eventData(quote));
  return reread(tx, quote.id);
}
