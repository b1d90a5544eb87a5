import fc from 'fast-check';
import { minorDigits } from '#kernel';
import { sampleSize } from '#testing/sample';
import { fromStripeAmount, toStripeAmount } from './stripe-amounts.js';

const refusal = expect.objectContaining({ code: 'amount_not_chargeable' });

describe('an amount at Stripe', () => {
  it.each<[string, bigint, number]>([
    ['BRL', 3_200n, 3_200],
    ['USD', 1n, 1],
    ['JPY', 500n, 500],
    // 5 kronur and 5 shillings, which Stripe counts in hundredths.
    ['ISK', 5n, 500],
    ['UGX', 5n, 500],
    ['KWD', 5_120n, 5_120],
    ['KRW', 1_000n, 1_000],
    // 10 ariary, which Stripe counts in whole ones.
    ['MGA', 1_000n, 10],
  ])('in %s of %s is %s', (currency, amount, units) => {
    expect(toStripeAmount(amount, currency)).toBe(units);
    expect(fromStripeAmount(units, currency)).toBe(amount);
  });

  it.each<[string, string, bigint]>([
    ['a last digit of a dinar', 'KWD', 5_124n],
    ['a fraction of an ariary', 'MGA', 1_001n],
    ['nine digits', 'USD', 100_000_000n],
    ['more than a number holds', 'USD', 2n ** 62n],
    ['nothing', 'USD', 0n],
    ['less than nothing', 'USD', -1n],
  ])('is refused with %s', (_, currency, amount) => {
    expect(() => toStripeAmount(amount, currency)).toThrow(refusal);
  });

  it.each(['ISK', 'UGX'])('in %s is refused when Stripe moved a part of a unit', (currency) => {
    expect(() => fromStripeAmount(550, currency)).toThrow(refusal);
  });

  it('comes back unchanged, or is refused', () => {
    const currencies = fc.constantFrom(
      'BRL',
      'USD',
      'JPY',
      'CLP',
      'ISK',
      'UGX',
      'KWD',
      'TND',
      'BHD',
      'KRW',
      'VND',
      'MGA',
    );
    // Whole hundreds are chargeable in every currency; most of the others are refused.
    const hundreds = fc.bigInt(1n, 900_000n).map((amount) => amount * 100n);
    const amounts = fc.oneof({ weight: 3, arbitrary: hundreds }, fc.bigInt(-10n, 10n ** 11n));
    let charged = 0;
    fc.assert(
      fc.property(currencies, amounts, (currency, amount) => {
        let units: number;
        try {
          units = toStripeAmount(amount, currency);
        } catch (error) {
          expect(error).toEqual(refusal);
          return;
        }
        charged += 1;
        expect(Number.isSafeInteger(units) && units > 0 && units < 10 ** 8).toBe(true);
        expect(fromStripeAmount(units, currency)).toBe(amount);
        expect(minorDigits(currency)).toBeLessThanOrEqual(3);
      }),
      { numRuns: sampleSize(300, 3_000) },
    );
    expect(charged).toBeGreaterThan(100);
  });
});
