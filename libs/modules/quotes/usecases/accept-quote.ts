import { quoteAccepted } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockQuote, type QuoteRef, type QuoteWithLines, saveState } from '../data/quotes.js';
import { quoteStates, stateNow } from '../domain/quote.js';
import { eventData } from '../view.js';

export interface AcceptQuote extends QuoteRef {
  /** The name of the person who accepted, as the store knows it. */
  acceptedBy: string;
}

export async function acceptQuote(tx: TenantTransaction, input: AcceptQuote): Promise<QuoteWithLines> {
  const quote = await lockQuote(tx, input);
  quoteStates.assert(stateNow(quote), 'accepted');
  const accepted = await saveState(tx, quote, { to: 'accepted', acceptedBy: input.acceptedBy });
  emit(tx, quoteAccepted, accepted, { ...eventData(accepted), accepted_by: input.acceptedBy });
  return accepted;
}
