/**
 * Stripe's minor units, which are not always the kernel's: amounts are converted exactly or refused.
 * https://docs.stripe.com/currencies#zero-decimal, #special-cases and #three-decimal
 */
import { Decimal, minorDigits } from '#kernel';
import { errors } from './errors.js';

/** Digits at Stripe where they differ from ISO 4217. */
const DIGITS_AT_STRIPE: Readonly<Record<string, number>> = { MGA: 0, ISK: 2, UGX: 2 };

/** "The amount value supports up to eight digits": https://docs.stripe.com/api/payment_intents/create */
const MAXIMUM = 99_999_999n;

/** Throws `amount_not_chargeable` for an amount that Stripe cannot take without a change. */
export function toStripeAmount(amount: bigint, currency: string): number {
  const units = Decimal.of(amount, minorDigits(currency)).exactUnits(stripeDigits(currency));
  if (units === null || units % stepOf(currency) !== 0n) throw refused(currency, 'has digits that Stripe does not');
  if (units <= 0n) throw refused(currency, 'is not above zero');
  if (units > MAXIMUM) throw refused(currency, 'has more than eight digits');
  return Number(units);
}

/** Converts an amount that Stripe has moved. Throws `amount_not_chargeable` for a part of our minor unit, which we never charge. */
export function fromStripeAmount(units: number, currency: string): bigint {
  const amount = Decimal.of(BigInt(units), stripeDigits(currency)).exactUnits(minorDigits(currency));
  if (amount === null) throw refused(currency, 'is a part of the smallest unit');
  return amount;
}

function stripeDigits(currency: string): number {
  return DIGITS_AT_STRIPE[currency] ?? minorDigits(currency);
}

/** The last of three digits must be zero. */
function stepOf(currency: string): bigint {
  return stripeDigits(currency) === 3 ? 10n : 1n;
}

function refused(currency: string, why: string) {
  return errors.amount_not_chargeable({ message: `An amount in ${currency} ${why}.`, details: { currency } });
}
