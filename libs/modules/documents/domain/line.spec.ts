import fc from 'fast-check';
import { Decimal, Money } from '#kernel';
import { type DocumentLine, lineFact, lineOf, lineRows, lineView, totalOf } from './line.js';
import { lineTotal } from './line-total.js';
import { partOfLine } from './part-of-line.js';

const decimal = (text: string) => Decimal.parse(text);

const line = (changes: Partial<DocumentLine> = {}): DocumentLine => ({
  productId: '01931b6e-3c00-7a00-8000-000000000001',
  code: 'CIM',
  name: 'Cimento',
  unit: 'BX',
  quantity: decimal('10'),
  baseQuantity: decimal('14.4'),
  unitPrice: decimal('32.5'),
  discountPercent: decimal('5'),
  total: new Money(30_875n, 'BRL'),
  ...changes,
});

describe('a document’s line', () => {
  it('is the same line after it was stored and read', () => {
    const [row] = lineRows([line()]);
    expect(lineRows([lineOf(row!, 'BRL')])).toEqual([row]);
    expect(row).toEqual({
      position: 1,
      product_id: '01931b6e-3c00-7a00-8000-000000000001',
      code: 'CIM',
      name: 'Cimento',
      unit: 'BX',
      quantity: '10',
      base_quantity: '14.4',
      unit_price: '32.5',
      discount_percent: '5',
      total_minor: '30875',
    });
  });

  it('counts positions from 1, in the order given', () => {
    expect(lineRows([line({ code: 'A' }), line({ code: 'B' })]).map((row) => [row.position, row.code])).toEqual([
      [1, 'A'],
      [2, 'B'],
    ]);
  });

  it('is shown without the zeros that the database adds, and prices with the currency’s digits', () => {
    const row = { ...lineRows([line()])[0]!, quantity: '10.000', unit_price: '32.500000', discount_percent: '5.00' };
    const fact = {
      product_id: '01931b6e-3c00-7a00-8000-000000000001',
      quantity: '10',
      unit: 'BX',
      base_quantity: '14.4',
      unit_price: '32.50',
      discount_percent: '5',
      total: '308.75',
    };
    expect(lineFact(row, 'BRL')).toEqual(fact);
    expect(lineView(row, 'BRL')).toEqual({ position: 1, code: 'CIM', name: 'Cimento', ...fact });
  });

  it('adds up to its document’s total, which is zero without lines', () => {
    expect(totalOf([line(), line({ total: new Money(25n, 'BRL') })], 'BRL').minor).toBe(30_900n);
    expect(totalOf([], 'BRL')).toEqual(Money.zero('BRL'));
  });
});

describe('a part of a line', () => {
  it('keeps the frozen total when it is the whole line', () => {
    const whole = line({ total: new Money(1n, 'BRL') });
    const part = partOfLine(whole, { quantity: decimal('10'), taken: Decimal.zero }, Decimal.zero);
    expect(lineRows([part])).toEqual(lineRows([whole]));
  });

  it('has its share of the base quantity', () => {
    const part = partOfLine(line(), { quantity: decimal('2.5'), taken: decimal('5') }, Decimal.zero);
    expect([part.quantity.toText(), part.baseQuantity.toText()]).toEqual(['2.5', '3.6']);
  });

  it('adds up with the other parts to the line’s total, however it is split', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 9_999 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        cuts,
        fc.integer({ min: 1, max: 90_000 }),
        fc.integer({ min: 0, max: 99 }),
        (ends, price, general) => {
          const discount = Decimal.of(BigInt(general));
          const quantity = decimal('10');
          const unitPrice = Decimal.of(BigInt(price), 3);
          const discounts = { line: decimal('5'), general: discount };
          const whole = line({ unitPrice, total: lineTotal(quantity, unitPrice, discounts, 'BRL') });
          let taken = Decimal.zero;
          const parts = [...ends.sort((a, b) => a - b), 10_000].map((end) => {
            const upTo = Decimal.of(BigInt(end), 3);
            const part = partOfLine(whole, { quantity: upTo.minus(taken), taken }, discount);
            taken = upTo;
            return part;
          });
          return totalOf(parts, 'BRL').minor === whole.total.minor;
        },
      ),
    );
  });
});
