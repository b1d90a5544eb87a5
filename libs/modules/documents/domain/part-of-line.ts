import type { Decimal, Money } from '#kernel';
import type { DocumentLine } from './line.js';
import { lineTotal } from './line-total.js';

/** Base quantities are kept in thousandths. */
const BASE_DECIMALS = 3;

export interface Part {
  readonly quantity: Decimal;
  /** The quantity of the line that earlier parts have taken. */
  readonly taken: Decimal;
}

/**
 * `quantity` of a line, as a line of another document. The whole line keeps its frozen total. A part is priced by
 * difference (the total up to its end minus the total up to its start), so that all parts add up to the line's total to the
 * minor unit, however it is split.
 */
export function partOfLine(line: DocumentLine, { quantity, taken }: Part, generalDiscount: Decimal): DocumentLine {
  const upTo = (amount: Decimal) => totalUpTo(line, amount, generalDiscount);
  return {
    ...line,
    quantity,
    baseQuantity: line.baseQuantity.portion(quantity, line.quantity, BASE_DECIMALS),
    total: upTo(taken.plus(quantity)).minus(upTo(taken)),
  };
}

function totalUpTo(line: DocumentLine, quantity: Decimal, general: Decimal): Money {
  if (quantity.compare(line.quantity) === 0) return line.total;
  return lineTotal(quantity, line.unitPrice, { line: line.discountPercent, general }, line.total.currency);
}
