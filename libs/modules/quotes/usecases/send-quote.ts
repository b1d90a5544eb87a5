import { quoteSent } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockQuote, type QuoteRef, type QuoteWithLines, saveState } from '../data/quotes.js';
import { quoteStates, stateNow } from '../domain/quote.js';
import { errors } from '../errors.js';
import { eventData } from '../view.js';

const DAY_MS = 86_400_000;

/** From here on lines and prices are frozen, and the validity runs. Throws `invalid_transition` or `quote_has_no_lines`. */
export async function sendQuote(tx: TenantTransaction, input: QuoteRef): Promise<QuoteWithLines> {
  const quote = await lockQuote(tx, input);
  quoteStates.assert(stateNow(quote), 'sent');
  if (quote.lines.length === 0) throw errors.quote_has_no_lines();
  const validUntil = new Date(quote.now.getTime() + quote.valid_days * DAY_MS);
  const sent = await saveState(tx, quote, { to: 'sent', validUntil });
  emit(tx, quoteSent, sent, { ...eventData(sent), valid_until: validUntil.toISOString() });
  return sent;
}
