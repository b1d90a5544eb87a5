import fc from 'fast-check';
import { Decimal, divideHalfUp } from './decimal.js';

const decimals = fc
  .tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.integer({ min: 0, max: 6 }))
  .map(([units, scale]) => Decimal.of(units, scale));

describe('Decimal', () => {
  it.each([
    ['12.50', 0, '12.5'],
    ['12.50', 2, '12.50'],
    ['-0.05', 2, '-0.05'],
    ['100', 2, '100.00'],
    ['0.000', 0, '0'],
  ])('reads %s and writes it with at least %i decimals as %s', (text, least, written) => {
    expect(Decimal.parse(text).toText(least)).toBe(written);
  });

  it.each(['', '1e3', ' 1', '1,5', '+1', '.5', '1.', '0x10', 'NaN', '1.1234567890'])('refuses %j', (text) => {
    expect(() => Decimal.parse(text)).toThrow(expect.objectContaining({ code: 'invalid_decimal' }));
  });

  it.each([
    ['2.345', '2.35'],
    ['2.344', '2.34'],
    ['-2.345', '-2.35'],
    ['0.005', '0.01'],
  ])('rounds %s half away from zero to %s', (text, rounded) => {
    expect(Decimal.parse(text).rounded(2).toText(2)).toBe(rounded);
  });

  it('comes back from its own text unchanged', () => {
    fc.assert(fc.property(decimals, (value) => Decimal.parse(value.toText()).compare(value) === 0));
  });

  it('adds without losing a unit, whatever the scales', () => {
    fc.assert(fc.property(decimals, decimals, (a, b) => a.plus(b).minus(b).compare(a) === 0));
  });

  it('divides as rational arithmetic says', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.bigInt(1n, 10n ** 9n), (dividend, divisor) => {
        const distance = 2n * (divideHalfUp(dividend, divisor) * divisor - dividend);
        const magnitude = distance < 0n ? -distance : distance;
        return magnitude <= divisor;
      }),
    );
  });
});
