/**
 * A quote's states. Versions share a number; each is a quote of its own, and only the newest is alive.
 *
 *   draft ─▶ sent ─▶ accepted ─▶ partially_converted ─▶ converted
 *     │       │         │  └──────────────────────────────▲
 *     │       ├─▶ declined ─▶ superseded (by the next version)
 *     │       ├─▶ expired ─▶ superseded | partially_converted | converted | cancelled
 *     │       ├─▶ superseded
 *     └───────┴─────────┴─▶ cancelled
 *
 * A partially converted quote can be converted in part again. The clock makes a quote `expired`: a sent quote counts as
 * expired from `validUntil` on, and the first change after that records it. An expired quote can still be revised, and a
 * caller with the permission `quote.convert_expired` can convert it.
 */
import { type Decimal, StateMachine } from '#kernel';
import type { QUOTE_STATES } from '#contracts/quotes/operations';
import { errors } from '../errors.js';

export type QuoteState = (typeof QUOTE_STATES)[number];

export const quoteStates = new StateMachine<QuoteState>('quote', {
  draft: ['sent', 'cancelled'],
  sent: ['accepted', 'declined', 'expired', 'superseded', 'cancelled'],
  accepted: ['partially_converted', 'converted', 'cancelled'],
  declined: ['superseded'],
  expired: ['superseded', 'partially_converted', 'converted', 'cancelled'],
  superseded: [],
  cancelled: [],
  partially_converted: ['partially_converted', 'converted'],
  converted: [],
});

export interface Validity {
  readonly state: QuoteState;
  readonly validUntil: Date | null;
}

/** The state as of `now`, expiry included. */
export function stateAt(quote: Validity, now: Date): QuoteState {
  return quote.state === 'sent' && isPastValidity(quote, now) ? 'expired' : quote.state;
}

/** The state of a row, by the clock of the statement that read it. */
export function stateNow(row: ReadQuote): QuoteState {
  return stateAt(validityOf(row), row.now);
}

/** Whether the validity of a row has ended, by the clock of the statement that read it. */
export function hasEnded(row: ReadQuote): boolean {
  return isPastValidity(validityOf(row), row.now);
}

interface ReadQuote {
  readonly state: QuoteState;
  readonly valid_until: Date | null;
  readonly now: Date;
}

function validityOf(row: ReadQuote): Validity {
  return { state: row.state, validUntil: row.valid_until };
}

function isPastValidity(quote: Validity, now: Date): boolean {
  return quote.validUntil !== null && now >= quote.validUntil;
}

export interface ConvertibleLine {
  readonly position: number;
  readonly quantity: Decimal;
  readonly converted: Decimal;
}

export interface Conversion {
  readonly position: number;
  readonly quantity: Decimal;
}

export interface ConversionPlan {
  readonly lines: readonly Conversion[];
  readonly isComplete: boolean;
}

/** The quantities that convert now: all that is left, or the wanted part of it. A quantity converts once. Throws `nothing_to_convert`. */
export function planConversion(
  lines: readonly ConvertibleLine[],
  wanted: readonly Conversion[] | undefined,
): ConversionPlan {
  const asked = new Map(wanted?.map((line) => [line.position, line.quantity]));
  const plan = lines.flatMap((line) => {
    const left = line.quantity.minus(line.converted);
    const quantity = wanted === undefined ? left : asked.get(line.position);
    if (quantity === undefined || quantity.isZero) return [];
    if (quantity.compare(left) > 0)
      throw errors.nothing_to_convert({ details: { position: line.position, left: left.toText() } });
    return [{ position: line.position, quantity }];
  });
  const isUnknown = [...asked.keys()].some((position) => !lines.some((line) => line.position === position));
  if (plan.length === 0 || isUnknown) throw errors.nothing_to_convert();
  const converting = new Map(plan.map((line) => [line.position, line.quantity]));
  const isComplete = lines.every((line) => {
    const now = converting.get(line.position);
    const after = now ? line.converted.plus(now) : line.converted;
    return after.compare(line.quantity) === 0;
  });
  return { lines: plan, isComplete };
}
