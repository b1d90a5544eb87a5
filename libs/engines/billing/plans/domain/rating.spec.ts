import fc from 'fast-check';
import { Decimal, minorDigits } from '#kernel';
import {
  countBillable,
  exactAmount,
  fraction,
  halfUp,
  isBelow,
  isWithin,
  minus,
  payable,
  subtractBillable,
} from '#testing/billing/reference-model';
import { sampleSize } from '#testing/sample';
import {
  amountOf,
  billable,
  ceilingOf,
  HARD_BP,
  limitsOf,
  type Meter,
  type Plan,
  SOFT_BP,
  THRESHOLDS,
  thresholdsCrossed,
} from './rating.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const HUGE = 2n ** 62n;

const meterOf = (given: Partial<Meter> = {}): Meter => ({
  included: 1_000n,
  softBp: SOFT_BP,
  hardBp: HARD_BP,
  priceMicro: 400_000n,
  billableFrom: 'soft',
  ...given,
});

/** Small numbers test the edges; numbers near 2^62 test the limit of 64 bits. */
const quantity = fc.oneof(fc.bigInt(0n, 60n), fc.bigInt(0n, 1_000_000n), fc.bigInt(HUGE - 1_000n, HUGE + 1_000n));
const price = fc.oneof(fc.bigInt(0n, 3_000_000n), fc.bigInt(0n, 10n ** 12n));

function meters(included: fc.Arbitrary<bigint>): fc.Arbitrary<Meter> {
  return fc
    .record({
      included,
      softBp: fc.oneof(fc.constant(SOFT_BP), fc.integer({ min: 10_000, max: 20_000 })),
      room: fc.oneof(fc.constant(HARD_BP - SOFT_BP), fc.nat(10_000)),
      priceMicro: price,
      billableFrom: fc.constantFrom('soft' as const, 'included' as const),
    })
    .map(({ room, ...meter }) => ({ ...meter, hardBp: meter.softBp + room }));
}

describe('a meter', () => {
  it('with 1,000 included is free up to 1,200, billed up to 1,500 and refused beyond', () => {
    const meter = meterOf();
    expect(limitsOf(meter)).toEqual({ soft: 1_200n, hard: 1_500n });
    expect([0n, 1_000n, 1_200n, 1_201n, 1_500n].map((used) => billable(meter, used, true))).toEqual([
      0n,
      0n,
      0n,
      1n,
      300n,
    ]);
  });

  it('bills usage above the allowance if the plan is billable from `included`', () => {
    expect(billable(meterOf({ billableFrom: 'included' }), 1_001n, true)).toBe(1n);
  });

  it('charges nothing for usage of zero or below', () => {
    expect(billable(meterOf({ included: 0n }), 0n, true)).toBe(0n);
    expect(billable(meterOf({ included: 0n }), -HUGE, true)).toBe(0n);
  });

  it('has limits that contain exactly the whole units within the percentages', () => {
    fc.assert(
      fc.property(meters(quantity), fc.bigInt(-2n, 2n), (meter, near) => {
        const { soft, hard } = limitsOf(meter);
        expect(meter.included <= soft && soft <= hard).toBe(true);
        expect(soft + near <= soft).toBe(isWithin(soft + near, meter, meter.softBp));
        expect(hard + near <= hard).toBe(isWithin(hard + near, meter, meter.hardBp));
      }),
      RUNS,
    );
  });

  it('bills the same units as a count one by one', () => {
    fc.assert(
      fc.property(meters(fc.bigInt(0n, 40n)), fc.bigInt(-3n, 90n), (meter, used) => {
        expect(billable(meter, used, true)).toBe(countBillable(meter, used));
      }),
      RUNS,
    );
  });

  it('bills nothing up to the free limit, and one more unit never costs more than its price', () => {
    fc.assert(
      fc.property(meters(quantity), quantity, (meter, over) => {
        const free = meter.billableFrom === 'soft' ? limitsOf(meter).soft : meter.included;
        for (const used of [free, over, free + over]) {
          const worth = (units: bigint) => amountOf(billable(meter, units, true), meter.priceMicro);
          expect(billable(meter, used, true)).toBe(subtractBillable(meter, used));
          expect(worth(used)).toBe(halfUp(exactAmount(subtractBillable(meter, used), meter.priceMicro)));
          const step = worth(used + 1n) - worth(used);
          expect(step >= 0n && isBelow(minus(fraction(step), exactAmount(1n, meter.priceMicro)), fraction(1n))).toBe(
            true,
          );
          if (used <= free) expect(worth(used)).toBe(0n);
        }
      }),
      RUNS,
    );
  });

  it.each<[string, Partial<Meter>]>([
    ['a negative allowance', { included: -1n }],
    ['a negative price', { priceMicro: -1n }],
    ['a soft limit below the allowance', { softBp: 9_999 }],
    ['a hard limit below the soft one', { hardBp: 11_999 }],
  ])('refuses %s', (_, wrong) => {
    expect(() => limitsOf(meterOf(wrong))).toThrow(expect.objectContaining({ code: 'invalid_meter' }));
  });
});

describe('an amount', () => {
  it('is rounded half up, once for the line', () => {
    expect(amountOf(1_000n, 400_000n)).toBe(400n);
    expect([499_999n, 500_000n, 1_499_999n].map((micro) => amountOf(1n, micro))).toEqual([0n, 1n, 1n]);
  });

  it('is exact beyond 64 bits', () => {
    expect(amountOf(HUGE, 1_500_001n)).toBe(halfUp(exactAmount(HUGE, 1_500_001n)));
    expect(amountOf(HUGE, 1_000_000n)).toBe(HUGE);
  });

  it.each(['JPY', 'BRL', 'KWD'])('equals the result of decimal arithmetic in %s', (currency) => {
    const digits = minorDigits(currency);
    fc.assert(
      fc.property(quantity, price, (units, priceMicro) => {
        const major = Decimal.of(priceMicro, 6 + digits).times(Decimal.of(units));
        expect(amountOf(units, priceMicro)).toBe(major.rounded(digits).units);
      }),
      RUNS,
    );
  });
});

describe('a plan’s ceiling', () => {
  const planOf = (...all: Meter[]): Plan => ({
    id: 'grow-1',
    currency: 'BRL',
    baseMinor: 9_900n,
    meters: new Map(all.map((meter, index) => [`meter-${index}`, meter])),
  });

  it('is the base fee and every billed unit up to the hard limits', () => {
    expect(ceilingOf(planOf())).toBe(9_900n);
    expect(ceilingOf(planOf(meterOf(), meterOf({ billableFrom: 'included' })))).toBe(9_900n + 120n + 200n);
  });

  it('is never exceeded by admitted usage, and is reached when all of it is used', () => {
    const used = fc.tuple(meters(quantity), fc.bigInt(0n, 100n));
    fc.assert(
      fc.property(fc.array(used, { maxLength: 5 }), (pairs) => {
        const plan = planOf(...pairs.map(([meter]) => meter));
        const bill = (usageOf: (meter: Meter, percent: bigint) => bigint) =>
          pairs.reduce(
            (sum, [meter, percent]) => sum + amountOf(billable(meter, usageOf(meter, percent), true), meter.priceMicro),
            plan.baseMinor,
          );
        expect(bill((meter, percent) => (limitsOf(meter).hard * percent) / 100n) <= ceilingOf(plan)).toBe(true);
        expect(bill((meter) => limitsOf(meter).hard)).toBe(ceilingOf(plan));
      }),
      RUNS,
    );
  });

  it('is never exceeded by any usage of a meter that cannot refuse', () => {
    fc.assert(
      fc.property(meters(quantity), quantity, (meter, beyond) => {
        const { hard } = limitsOf(meter);
        expect(billable(meter, hard + beyond, false)).toBe(billable(meter, hard, true));
        expect(amountOf(billable(meter, beyond, false), meter.priceMicro) + 9_900n <= ceilingOf(planOf(meter))).toBe(
          true,
        );
        expect(billable(meter, beyond, false)).toBe(subtractBillable(meter, payable(meter, beyond)));
      }),
      RUNS,
    );
  });
});

describe('the thresholds of usage', () => {
  it('are crossed when usage reaches them, also several at a time', () => {
    expect(thresholdsCrossed(0n, 79n, 100n)).toEqual([]);
    expect(thresholdsCrossed(79n, 80n, 100n)).toEqual([80]);
    expect(thresholdsCrossed(80n, 99n, 100n)).toEqual([]);
    expect(thresholdsCrossed(99n, 151n, 100n)).toEqual([100, 120, 150]);
  });

  it('are not crossed downwards, nor without an allowance', () => {
    expect(thresholdsCrossed(150n, 10n, 100n)).toEqual([]);
    expect(thresholdsCrossed(0n, 10n, 0n)).toEqual([]);
    expect(thresholdsCrossed(-5n, 0n, 0n)).toEqual([]);
  });

  it('are all crossed before usage is refused, even if 150 % is not a whole number', () => {
    expect(thresholdsCrossed(0n, limitsOf(meterOf({ included: 3n })).hard, 3n)).toEqual([80, 100, 120, 150]);
  });

  it('are each crossed once, whatever the size of the steps', () => {
    fc.assert(
      fc.property(fc.bigInt(2n, HUGE), fc.array(fc.bigInt(0n, 200n), { maxLength: 20 }), (included, percents) => {
        const steps = [0n, ...percents.sort((a, b) => (a < b ? -1 : 1)).map((percent) => (included * percent) / 100n)];
        const crossed = steps.slice(1).flatMap((after, index) => thresholdsCrossed(steps[index]!, after, included));
        const meter = meterOf({ included });
        const reached = THRESHOLDS.filter((percent) => !isWithin(steps.at(-1)! + 1n, meter, percent * 100));
        expect(crossed).toEqual(reached);
      }),
      RUNS,
    );
  });
});
