import { quoteAccepted } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { type QuoteWithLines, saveState } from '../data/quotes.js';
import { eventData } from '../view.js';
import { type MoveQuote, quoteReadyFor, reread } from './move-quote.js';

export interface AcceptQuote extends MoveQuote {
  /** Who said yes, as the store knows them. */
  acceptedBy: string;
}

export async function acceptQuote(tx: TenantTransaction, input: AcceptQuote): Promise<QuoteWithLines> {
  const quote = await quoteReadyFor(tx, input, 'accepted');
  await saveState(tx, quote.id, { to: 'accepted', acceptedBy: input.acceptedBy });
  emit(
    tx,
    quoteAccepted,
    { id: quote.id, version: quote.version + 1 },
    {
      ...eventData(quote),
      accepted_by: input.acceptedBy,
    },
  );
  return reread(tx, quote.id);
}
