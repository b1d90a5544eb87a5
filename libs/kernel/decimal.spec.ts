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

  it('gives a portion, rounded once, whatever the scales', () => {
    expect(Decimal.parse('10').portion(Decimal.parse('1.0'), Decimal.parse('3'), 3).toText()).toBe('3.333');
    expect(Decimal.parse('14.4').portion(Decimal.parse('2.50'), Decimal.parse('5'), 3).toText()).toBe('7.2');
    expect(Decimal.parse('0.001').portion(Decimal.parse('1'), Decimal.parse('2'), 3).toText()).toBe('0.001');
  });

  it.each([
    ['2.999', 0, '2'],
    ['-2.999', 0, '-2'],
    ['2.345', 2, '2.34'],
    ['2.3', 2, '2.3'],
  ])('cuts %s to %i decimals, toward zero: %s', (text, scale, cut) => {
    expect(Decimal.parse(text).truncated(scale).toText()).toBe(cut);
  });

  it.each([
    ['1.5', '0.25', true],
    ['1.6', '0.25', false],
    ['-3', '1.5', true],
    ['10', '0.001', true],
    ['0.0005', '0.001', false],
  ])('says whether %s is a multiple of %s: %s', (text, step, isMultiple) => {
    expect(Decimal.parse(text).isMultipleOf(Decimal.parse(step))).toBe(isMultiple);
  });

  it.each([
    ['12.5', 2, 1250n],
    ['12.50', 1, 125n],
    ['-0.07', 2, -7n],
    ['0.075', 2, null],
  ])('counts %s in units of 10^-%i: %s', (text, scale, units) => {
    expect(Decimal.parse(text).exactUnits(scale)).toBe(units);
  });

  it('divides as rational arithmetic does', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.bigInt(1n, 10n ** 9n), (dividend, divisor) => {
        const distance = 2n * (divideHalfUp(dividend, divisor) * divisor - dividend);
        const magnitude = distance < 0n ? -distance : distance;
        return magnitude <= divisor;
      }),
    );
  });
});
