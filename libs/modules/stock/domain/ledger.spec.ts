import fc from 'fast-check';
import { Decimal, DomainError } from '#kernel';
import { sampleSize } from '#testing/sample';
import { applied, type Balance, changeOf, type MovementKind } from './ledger.js';

const quantity = (text: string) => Decimal.parse(text);
const balance = (onHand: string, reserved: string): Balance => ({
  onHand: quantity(onHand),
  reserved: quantity(reserved),
});

describe('the stock ledger', () => {
  it('sells first what the order holds', () => {
    const before = balance('100', '10');
    const after = applied(before, changeOf('sell', quantity('10'), before, quantity('10')));
    expect([after.onHand.toText(), after.reserved.toText()]).toEqual(['90', '0']);
  });

  it('refuses to sell what is reserved for someone else', () => {
    const before = balance('10', '10');
    expect(() => applied(before, changeOf('sell', quantity('1'), before))).toThrow(
      expect.objectContaining({ code: 'insufficient_stock' }),
    );
  });

  it('counts to what is on the shelf', () => {
    const before = balance('7', '2');
    expect(applied(before, changeOf('count', quantity('5'), before)).onHand.toText()).toBe('5');
    expect(() => applied(before, changeOf('count', quantity('1'), before))).toThrow(DomainError);
  });

  it('keeps 0 ≤ reserved ≤ on hand through any history', () => {
    const kinds: MovementKind[] = ['receive', 'sell', 'reserve', 'release', 'adjust', 'count', 'return'];
    const moves = fc.array(
      fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 0, max: 5_000 })),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(moves, (history) => {
        let current = balance('0', '0');
        for (const [kind, amount, held] of history) {
          try {
            current = applied(
              current,
              changeOf(kind, Decimal.of(BigInt(amount), 3), current, Decimal.of(BigInt(held), 3)),
            );
          } catch (error) {
            if (!(error instanceof DomainError)) throw error;
          }
          if (current.onHand.isNegative || current.reserved.isNegative || current.reserved.compare(current.onHand) > 0)
            return false;
        }
        return true;
      }),
      { numRuns: sampleSize(200, 500) },
    );
  });
});
