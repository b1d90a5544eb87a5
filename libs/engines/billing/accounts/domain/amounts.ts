/** Amounts and prices as people write them, in minor units and in millionths of one. */
import { Decimal, minorDigits } from '#kernel';
import { errors } from '../../errors.js';

/** The smallest price is a millionth of a minor unit. */
const MICRO_DIGITS = 6;

/** Minor units, above zero. Throws `invalid_amount`. */
export function amountAboveZero(text: string, currency: string): bigint {
  const minor = amountOfText(text, currency);
  if (minor <= 0n) throw errors.invalid_amount();
  return minor;
}

/**
 * Minor units. Throws `invalid_amount` on more decimals than the currency has, so that no typed digit is rounded away.
 */
export function amountOfText(text: string, currency: string): bigint {
  return scaled(Decimal.parse(text), minorDigits(currency));
}

/** Millionths of a minor unit. Throws `invalid_amount` on more decimals than that. */
export function priceMicroOf(text: string, currency: string): bigint {
  return scaled(Decimal.parse(text), minorDigits(currency) + MICRO_DIGITS);
}

/** Formats a price, such as `0.10`, with at least the decimals of the currency. */
export function priceTextOf(priceMicro: bigint, currency: string): string {
  return Decimal.of(priceMicro, minorDigits(currency) + MICRO_DIGITS).toText(minorDigits(currency));
}

function scaled(amount: Decimal, digits: number): bigint {
  const rounded = amount.rounded(digits);
  if (rounded.compare(amount) !== 0) throw errors.invalid_amount();
  return rounded.units;
}
