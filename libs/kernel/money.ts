/** Money is an integer count of a currency's minor unit (ISO 4217): 3,200 with BRL is R$ 32.00. */
import { minorDigits } from './currencies.js';
import { Decimal } from './decimal.js';
import { errorTable } from './errors.js';

const errors = errorTable({ currency_mismatch: ['invalid', 'Amounts in different currencies cannot be combined.'] });

const ZERO = '0'.charCodeAt(0);

export type Currency = string;

export class Money {
  constructor(
    readonly minor: bigint,
    readonly currency: Currency,
  ) {}

  static zero(currency: Currency): Money {
    return new Money(0n, currency);
  }

  /** Rounds half-up to the minor unit; the only place where a computed amount becomes money. */
  static fromDecimal(amount: Decimal, currency: Currency): Money {
    return new Money(amount.rounded(minorDigits(currency)).units, currency);
  }

  plus(other: Money): Money {
    return new Money(this.minor + this.sameCurrency(other).minor, this.currency);
  }

  minus(other: Money): Money {
    return new Money(this.minor - this.sameCurrency(other).minor, this.currency);
  }

  toDecimal(): Decimal {
    return Decimal.of(this.minor, minorDigits(this.currency));
  }

  /** `"32.00"`: all minor digits, no grouping, no symbol. */
  toText(): string {
    return this.toDecimal().toText(minorDigits(this.currency));
  }

  private sameCurrency(other: Money): Money {
    if (other.currency !== this.currency) {
      throw errors.currency_mismatch({ message: `Cannot combine ${this.currency} with ${other.currency}.` });
    }
    return other;
  }
}

/**
 * The price of one unit of measure: up to six decimals, shown with at least the currency's own. A price as the database
 * prints it (`"32.900000"`) is only cut, because lists show hundreds and need no arithmetic.
 */
export function priceText(price: Decimal | string, currency: Currency): string {
  if (typeof price !== 'string') return price.toText(minorDigits(currency));
  const point = price.indexOf('.');
  if (point < 0) return Decimal.parse(price).toText(minorDigits(currency));
  const least = minorDigits(currency);
  let end = price.length;
  while (end > point + 1 + least && price.charCodeAt(end - 1) === ZERO) end -= 1;
  if (end < point + 1 + least) return Decimal.parse(price).toText(least);
  return price.slice(0, end === point + 1 ? point : end);
}
