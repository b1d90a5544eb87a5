import fc from 'fast-check';
import { Decimal } from '#kernel';
import { QUOTE_STATES } from '#contracts/quotes/operations';
import { type ConvertibleLine, planConversion, quoteStates, stateAt } from './quote.js';

const line = (position: number, quantity: string, converted = '0'): ConvertibleLine => ({
  position,
  quantity: Decimal.parse(quantity),
  converted: Decimal.parse(converted),
});

describe('a quote', () => {
  it('expires at the very instant its validity ends, and not before', () => {
    const validUntil = new Date('2026-11-30T00:00:00.000Z');
    expect(stateAt({ state: 'sent', validUntil }, new Date('2026-11-29T23:59:59.999Z'))).toBe('sent');
    expect(stateAt({ state: 'sent', validUntil }, validUntil)).toBe('expired');
    expect(stateAt({ state: 'accepted', validUntil }, validUntil)).toBe('accepted');
  });

  it('has these transitions and no others', () => {
    expect(QUOTE_STATES.flatMap((from) => quoteStates.transitions[from].map((to) => `${from} -> ${to}`))).toEqual([
      'draft -> sent',
      'draft -> cancelled',
      'sent -> accepted',
      'sent -> declined',
      'sent -> expired',
      'sent -> superseded',
      'sent -> cancelled',
      'accepted -> partially_converted',
      'accepted -> converted',
      'accepted -> cancelled',
      'declined -> superseded',
      'expired -> superseded',
      'expired -> partially_converted',
      'expired -> converted',
      'expired -> cancelled',
      'partially_converted -> partially_converted',
      'partially_converted -> converted',
    ]);
  });

  it('refuses another transition and names the possible ones', () => {
    expect(() => quoteStates.assert('declined', 'accepted')).toThrow(
      expect.objectContaining({
        code: 'invalid_transition',
        kind: 'conflict',
        message: expect.stringContaining('from here it can become: superseded') as string,
      }),
    );
    expect(() => quoteStates.assert('converted', 'sent')).toThrow(/from here it can become: nothing/);
  });

  it('converts all that is left unless told otherwise', () => {
    const plan = planConversion([line(1, '10', '4'), line(2, '5', '5')], undefined);
    expect(plan.isComplete).toBe(true);
    expect(plan.lines.map((part) => [part.position, part.quantity.toText()])).toEqual([[1, '6']]);
  });

  it.each([
    ['more than is left', [{ position: 1, quantity: Decimal.parse('6.001') }]],
    ['a line that is not there', [{ position: 9, quantity: Decimal.parse('1') }]],
    ['nothing at all', [{ position: 1, quantity: Decimal.zero }]],
  ])('refuses to convert %s', (_, wanted) => {
    expect(() => planConversion([line(1, '10', '4')], wanted)).toThrow(
      expect.objectContaining({ code: 'nothing_to_convert' }),
    );
  });

  it('converts every quantity exactly once, however it is split', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 20 }),
        (total, parts) => {
          let converted = Decimal.zero;
          let isComplete = false;
          for (const part of [...parts, 10_000]) {
            const current = [{ ...line(1, String(total)), converted }];
            const left = Decimal.of(BigInt(total)).minus(converted);
            if (left.isZero) break;
            const quantity = Decimal.of(BigInt(part)).compare(left) < 0 ? Decimal.of(BigInt(part)) : left;
            const plan = planConversion(current, [{ position: 1, quantity }]);
            converted = converted.plus(quantity);
            isComplete = plan.isComplete;
          }
          return isComplete && converted.compare(Decimal.of(BigInt(total))) === 0;
        },
      ),
    );
  });
});
