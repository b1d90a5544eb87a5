/** Worked by hand, then held to its laws. */
import fc from 'fast-check';
import { Decimal } from '#kernel';
import { dayOf } from './days.js';
import { DEFAULTS, resolveParameters, TRADES } from './parameters.js';
import { type Plan, planDemand, withTodaysSales } from './plan.js';

const TODAY = dayOf('2026-11-20');

/** Pieces per day, the last one being today. */
function planOf(pieces: readonly number[], parameters = DEFAULTS): Plan {
  const start = TODAY - pieces.length + 1;
  const sold = Float64Array.from(pieces, (count) => count * 1_000);
  return planDemand({ today: TODAY, firstDay: start, series: { start, sold }, parameters });
}

const texts = ({ dailyDemand, minimum, maximum }: Plan) =>
  [dailyDemand, minimum, maximum].map((value) => value.toText());

describe('planning a product', () => {
  it('counts ten sold on the first day over four weeks: 10 × 7 ÷ 28 = 2.5, plus a fifth, and twice that plus a fifth', () => {
    const plan = planOf([10]);
    expect(plan).toMatchObject({ windowDays: 28, method: 'average', errorPercent: null });
    expect(texts(plan)).toEqual(['0.357143', '3', '5.5']);
  });

  it('averages over ninety days when there are ninety, and over what there is in between', () => {
    expect(planOf(Array(45).fill(2)).windowDays).toBe(45);
    const long = planOf([...(Array(30).fill(50) as number[]), ...(Array(90).fill(2) as number[])]);
    expect(long).toMatchObject({ windowDays: 90 });
    expect(long.windowQuantity.toText()).toBe('180');
    expect(long.dailyDemand.toText()).toBe('2');
  });

  it('plans nothing for what never sold', () => {
    expect(texts(planOf(Array(200).fill(0)))).toEqual(['0', '0', '0']);
  });

  it('keeps to lead time and safety: 15 days and 30 % of 2 a day are 39 and 69', () => {
    const plan = planOf(
      Array(45).fill(2),
      resolveParameters([null, null, { trade: 'electronics', leadTimeDays: null, safetyPercent: null }]),
    );
    expect(texts(plan)).toEqual(['2', '39', '69']);
  });

  it('lets the nearest choice win, member by member', () => {
    const product = { trade: null, leadTimeDays: 3, safetyPercent: null };
    const tenant = { trade: 'food', leadTimeDays: 2, safetyPercent: null };
    expect(resolveParameters([product, null, tenant])).toEqual({
      leadTimeDays: 3,
      safetyPercent: TRADES['food']!.safetyPercent,
    });
    expect(resolveParameters([null, null, null])).toEqual(DEFAULTS);
  });

  it('is the same with today’s sales added later as with all of them at once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 470 }), fc.nat(50), (pieces, more) => {
        const [before, after] = [[...pieces], [...pieces]];
        after[after.length - 1]! += more;
        const sold = after.slice(-90).reduce((sum, count) => sum + count, 0);
        const updated = withTodaysSales(planOf(before), Decimal.of(BigInt(sold)));
        const anew = planOf(after);
        expect({ ...updated, windowQuantity: updated.windowQuantity.toText() }).toEqual({
          ...anew,
          windowQuantity: anew.windowQuantity.toText(),
        });
      }),
    );
  });

  it('never asks for a maximum below the minimum, nor for anything negative', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 470 }), (pieces) => {
        const plan = planOf(pieces);
        expect(plan.minimum.isNegative).toBe(false);
        expect(plan.maximum.compare(plan.minimum)).not.toBe(-1);
      }),
    );
  });
});
