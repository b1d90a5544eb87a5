/**
 * How many base units one selling unit holds, as two integers: one box of tiles is 36/25 m². A ratio stays exact where
 * 1.44 would round, and three boxes of a third each make one.
 */
import { Decimal } from './decimal.js';
import { errorTable } from './errors.js';

const errors = errorTable({
  invalid_unit_ratio: ['invalid', 'A unit ratio is made of two integers above zero.'],
});

export class Ratio {
  private constructor(
    readonly numerator: bigint,
    readonly denominator: bigint,
  ) {}

  static readonly one = new Ratio(1n, 1n);

  static of(numerator: bigint, denominator: bigint): Ratio {
    if (numerator <= 0n || denominator <= 0n) {
      throw errors.invalid_unit_ratio();
    }
    const divisor = greatestCommonDivisor(numerator, denominator);
    return new Ratio(numerator / divisor, denominator / divisor);
  }

  get isOne(): boolean {
    return this.numerator === this.denominator;
  }

  /** Quantity in this unit → quantity in the base unit, at the ledger's three decimals. */
  toBase(quantity: Decimal): Decimal {
    return quantity.timesRatio(this.numerator, this.denominator, 3);
  }

  /** Price of one base unit → price of one of this unit, at six decimals. */
  priceFromBase(price: Decimal): Decimal {
    return price.timesRatio(this.numerator, this.denominator, 6);
  }
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
