/** What every step of a quote's life shares: lock it, write down an expiry the clock has brought, check the transition. */
import { quoteExpired } from '#contracts/quotes/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockQuote, quoteById, type QuoteWithLines, saveState } from '../data/quotes.js';
import { isPastValidity, type QuoteState, quoteStates } from '../domain/quote.js';
import { eventData } from '../view.js';

export interface MoveQuote {
  quoteId: string;
  /** From `If-Match`. */
  expectedVersion?: number | undefined;
}

/** Throws `quote_not_found`, `version_conflict` or `invalid_transition`. */
export async function quoteReadyFor(
  tx: TenantTransaction,
  move: MoveQuote,
  ...to: QuoteState[]
): Promise<QuoteWithLines> {
  const quote = await lockQuote(tx, move.quoteId, move.expectedVersion);
  if (quote.state === 'sent' && isPastValidity({ state: quote.state, validUntil: quote.valid_until }, quote.now)) {
    for (const state of to) quoteStates.assert('expired', state);
    await saveState(tx, quote.id, { to: 'expired' });
    quote.state = 'expired';
    quote.version += 1;
    emit(tx, quoteExpired, { id: quote.id, version: quote.version }, eventData(quote));
    return quote;
  }
  for (const state of to) quoteStates.assert(quote.state, state);
  return quote;
}

/** The quote as it stands after the change, for the answer. */
export async function reread(tx: TenantTransaction, id: string): Promise<QuoteWithLines> {
  return (await tx.first(quoteById(id)))!;
}
