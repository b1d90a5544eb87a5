import fc from 'fast-check';
import { Decimal } from '#kernel';
import { lineTotal } from './line-total.js';

const of = (quantity: string, price: string, line = '0', general = '0') =>
  lineTotal(
    Decimal.parse(quantity),
    Decimal.parse(price),
    { line: Decimal.parse(line), general: Decimal.parse(general) },
    'BRL',
  ).toText();

describe('lineTotal', () => {
  it.each([
    ['10', '32.00', '5', '0', '304.00'],
    ['3', '0.0375', '0', '0', '0.11'],
    ['1', '0.005', '0', '0', '0.01'],
    ['12.345', '9.99', '12.5', '3', '104.67'],
    ['10', '32.00', '100', '0', '0.00'],
  ])('%s × %s less %s %% less %s %% is %s', (quantity, price, line, general, total) => {
    expect(of(quantity, price, line, general)).toBe(total);
  });

  it('is never more than half a cent from the exact amount', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.integer({ min: 0, max: 100_000_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        (quantity, price, line, general) => {
          const total = lineTotal(
            Decimal.of(BigInt(quantity), 3),
            Decimal.of(BigInt(price), 6),
            { line: Decimal.of(BigInt(line), 2), general: Decimal.of(BigInt(general), 2) },
            'BRL',
          );
          // In units of 10^-17: thousandths × millionths × (10^-4 kept) × (10^-4 kept).
          const exact = BigInt(quantity) * BigInt(price) * BigInt(10_000 - line) * BigInt(10_000 - general);
          const difference = total.minor * 10n ** 15n - exact;
          return (difference < 0n ? -difference : difference) * 2n <= 10n ** 15n;
        },
      ),
    );
  });
});
