/**
 * Stripe's minor units, which are not always the kernel's: amounts are converted exactly or refused.
 * https://docs.stripe.com/currencies#zero-decimal, #special-cases and #three-decimal
 */
import { Decimal, minorDigits } from '#kernel';
import { errors } from './errors.js';

const ZERO_DECIMAL = new Set([
  'BIF',
  'CLP',
  'DJF',
  'GNF',
  'JPY',
  'KMF',
  'KRW',
  'MGA',
  'PYG',
  'RWF',
  'VND',
  'VUV',
  'XAF',
  'XOF',
  'XPF',
]);
/** Without a minor unit in the world, with two digits at Stripe, which must be zero. */
const TWO_ZEROES = new Set(['ISK', 'UGX']);
/** The last of the three digits must be zero. */
const THREE_DECIMAL = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** "The amount value supports up to eight digits": https://docs.stripe.com/api/payment_intents/create */
const MAXIMUM = 99_999_999n;

/** Throws `amount_not_chargeable` for what Stripe could not take as it is. */
export function toStripeAmount(amount: bigint, currency: string): number {
  const units = Decimal.of(amount, minorDigits(currency)).exactUnits(stripeDigits(currency));
  if (units === null || units % stepOf(currency) !== 0n) throw refused(currency, 'has digits that Stripe does not');
  if (units <= 0n) throw refused(currency, 'is not above zero');
  if (units > MAXIMUM) throw refused(currency, 'has more than eight digits');
  return Number(units);
}

/** Of what Stripe says has moved. Throws `amount_not_chargeable` for a part of our minor unit, which no charge of ours has. */
export function fromStripeAmount(units: number, currency: string): bigint {
  const amount = Decimal.of(BigInt(units), stripeDigits(currency)).exactUnits(minorDigits(currency));
  if (amount === null) throw refused(currency, 'is a part of the smallest unit');
  return amount;
}

function stripeDigits(currency: string): number {
  return ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2;
}

function stepOf(currency: string): bigint {
  return TWO_ZEROES.has(currency) ? 100n : THREE_DECIMAL.has(currency) ? 10n : 1n;
}

function refused(currency: string, why: string) {
  return errors.amount_not_chargeable({ message: `An amount in ${currency} ${why}.`, details: { currency } });
}
