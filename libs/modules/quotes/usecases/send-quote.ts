import { quoteSent } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { type QuoteWithLines, saveState } from '../data/quotes.js';
import { errors } from '../errors.js';
import { eventData } from '../view.js';
import { type MoveQuote, quoteReadyFor, reread } from './move-quote.js';

const DAY_MS = 86_400_000;

/** From here on lines and prices are frozen, and the validity runs. */
export async function sendQuote(tx: TenantTransaction, input: MoveQuote): Promise<QuoteWithLines> {
  const quote = await quoteReadyFor(tx, input, 'sent');
  if (quote.lines.length === 0) throw errors.quote_has_no_lines();
  const validUntil = new Date(quote.now.getTime() + quote.valid_days * DAY_MS);
  await saveState(tx, quote.id, { to: 'sent', validUntil });
  emit(
    tx,
    quoteSent,
    { id: quote.id, version: quote.version + 1 },
    {
      ...eventData(quote),
      valid_until: validUntil.toISOString(),
    },
  );
  return reread(tx, quote.id);
}
