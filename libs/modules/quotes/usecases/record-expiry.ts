import { quoteExpired } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { type QuoteWithLines, saveState } from '../data/quotes.js';
import { stateNow } from '../domain/quote.js';
import { eventData } from '../view.js';

/**
 * The clock expires a sent quote without a write. A change that an expired quote allows saves the expiry first, so that its
 * event precedes the event of the change. Returns the quote as it is then.
 */
export async function recordExpiry(tx: TenantTransaction, quote: QuoteWithLines): Promise<QuoteWithLines> {
  if (quote.state === 'expired' || stateNow(quote) !== 'expired') return quote;
  const expired = await saveState(tx, quote, { to: 'expired' });
  emit(tx, quoteExpired, expired, eventData(expired));
  return expired;
}
