/**
 * The total of a line: quantity × unit price × (1 − line discount) × (1 − general discount), rounded half-up once, at the
 * line, to the currency's minor unit; a document's total is the sum of its lines, so the two can never disagree.
 */
import { Decimal, Money } from '#kernel';

const HUNDRED = Decimal.of(100n);
const PER_CENT = 2;

export interface Discounts {
  readonly line: Decimal;
  readonly general: Decimal;
}

export function lineTotal(quantity: Decimal, unitPrice: Decimal, discounts: Discounts, currency: string): Money {
  const gross = quantity.times(unitPrice);
  const kept = HUNDRED.minus(discounts.line).times(HUNDRED.minus(discounts.general));
  // Two percentages leave a factor of 100 × 100, which is a shift of four decimals: exact, no division.
  const net = gross.times(kept);
  return Money.fromDecimal(Decimal.of(net.units, net.scale + 2 * PER_CENT), currency);
}
