import { quoteCancelled } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockQuote, type QuoteRef, type QuoteWithLines, saveState } from '../data/quotes.js';
import { quoteStates, stateNow } from '../domain/quote.js';
import { eventData } from '../view.js';
import { recordExpiry } from './record-expiry.js';

export async function cancelQuote(tx: TenantTransaction, input: QuoteRef): Promise<QuoteWithLines> {
  const quote = await lockQuote(tx, input);
  quoteStates.assert(stateNow(quote), 'cancelled');
  const cancelled = await saveState(tx, await recordExpiry(tx, quote), { to: 'cancelled' });
  emit(tx, quoteCancelled, cancelled, eventData(cancelled));
  return cancelled;
}
