import fc from 'fast-check';
import { Decimal } from './decimal.js';
import { Ratio } from './ratio.js';

describe('Ratio', () => {
  it('turns boxes of tiles into square metres exactly', () => {
    const box = Ratio.of(36n, 25n);
    expect(box.toBase(Decimal.parse('25')).toText()).toBe('36');
    expect(box.toBase(Decimal.parse('1')).toText()).toBe('1.44');
    expect(box.priceFromBase(Decimal.parse('50.00')).toText(2)).toBe('72.00');
  });

  it('keeps a whole of thirds whole', () => {
    expect(Ratio.of(1n, 3n).toBase(Decimal.parse('3')).toText()).toBe('1');
  });

  it('is stored in lowest terms', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10_000n), fc.bigInt(1n, 10_000n), fc.bigInt(1n, 50n), (a, b, factor) => {
        const [plain, scaled] = [Ratio.of(a, b), Ratio.of(a * factor, b * factor)];
        return plain.numerator === scaled.numerator && plain.denominator === scaled.denominator;
      }),
    );
  });

  it.each([
    [0n, 1n],
    [1n, 0n],
    [-1n, 1n],
  ])('refuses %s/%s', (numerator, denominator) => {
    expect(() => Ratio.of(numerator, denominator)).toThrow(expect.objectContaining({ code: 'invalid_unit_ratio' }));
  });
});
