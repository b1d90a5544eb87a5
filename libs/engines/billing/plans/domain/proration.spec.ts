import fc from 'fast-check';
import {
  ceilOf,
  exactBases,
  fraction,
  halfUp,
  handOut,
  isBelow,
  minus,
  phasesByDay,
  plus,
} from '#testing/billing/reference-model';
import { sampleSize } from '#testing/sample';
import { boundary, type Period } from './periods.js';
import {
  baseParts,
  isWhollySuspended,
  meterInPhase,
  type Phase,
  phasesOf,
  type PlanAssignment,
  type Suspension,
} from './proration.js';
import { HARD_BP, type Meter, type Plan, SOFT_BP } from './rating.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const HOUR = 3_600_000;
const HUGE = 2n ** 62n;

const planOf = (id: string, baseMinor: bigint): Plan => ({ id, currency: 'BRL', baseMinor, meters: new Map() });
const SMALL = planOf('small-1', 3_000n);
const LARGE = planOf('large-1', 9_000n);

/** June 2026 in São Paulo: thirty days. */
const JUNE = periodOf('2026-06-01', 'America/Sao_Paulo');

function periodOf(anchorOn: string, zone: string): Period {
  const [startsAt, endsAt] = [boundary(anchorOn, zone, 0), boundary(anchorOn, zone, 1)];
  return { seq: 0, startsAt, endsAt, zone, tzdbVersion: '2025c' };
}

/** One plan since long ago, then another plan from each instant on. */
function assignments(first: Plan, ...changes: (readonly [string, Plan])[]): PlanAssignment[] {
  const all = [['1990-01-01T00:00:00Z', first] as const, ...changes];
  return all.map(([from, plan], index) => {
    const next = all[index + 1];
    return { plan, from: new Date(from), to: next === undefined ? null : new Date(next[0]) };
  });
}

const summary = (phases: readonly Phase[]) =>
  phases.map(({ plan, days, startsAt, endsAt }) => [plan.id, days, startsAt.toISOString(), endsAt.toISOString()]);

describe('the phases of a period', () => {
  it('are one when the plan does not change', () => {
    expect(summary(phasesOf(JUNE, assignments(SMALL)))).toEqual([
      ['small-1', 30, '2026-06-01T03:00:00.000Z', '2026-07-01T03:00:00.000Z'],
    ]);
  });

  it('count the day of an upgrade to the new plan', () => {
    expect(summary(phasesOf(JUNE, assignments(SMALL, ['2026-06-11T13:00:00Z', LARGE])))).toEqual([
      ['small-1', 10, '2026-06-01T03:00:00.000Z', '2026-06-11T03:00:00.000Z'],
      ['large-1', 20, '2026-06-11T03:00:00.000Z', '2026-07-01T03:00:00.000Z'],
    ]);
  });

  it('use the local days of the tenant, not the days of UTC', () => {
    // 23:30 of the 10th in São Paulo.
    const [before] = phasesOf(JUNE, assignments(SMALL, ['2026-06-11T02:30:00Z', LARGE]));
    expect(before!.days).toBe(9);
  });

  it('count an hour that repeats after midnight to the day that had begun', () => {
    // St. John's, 2010: 00:01 of the 7th became 23:01 of the 6th; this is 23:30 of the repeated hour.
    const november = periodOf('2010-11-01', 'America/St_Johns');
    const [before] = phasesOf(november, assignments(SMALL, ['2010-11-07T03:00:00Z', LARGE]));
    expect([before!.days, before!.endsAt]).toEqual([6, new Date('2010-11-07T02:30:00Z')]);
  });

  it('are two if the same plan was cancelled and started again later', () => {
    const [first, second] = assignments(SMALL, ['2026-06-11T13:00:00Z', LARGE], ['2026-06-21T13:00:00Z', SMALL]).filter(
      ({ plan }) => plan === SMALL,
    );
    expect(phasesOf(JUNE, [first!, second!]).map(({ days }) => days)).toEqual([10, 10]);
  });

  it('do not change for an upgrade that is reverted on the same day', () => {
    const back = assignments(SMALL, ['2026-06-11T13:00:00Z', LARGE], ['2026-06-11T19:00:00Z', SMALL]);
    expect(phasesOf(JUNE, back)).toEqual(phasesOf(JUNE, assignments(SMALL)));
  });

  it('ignore changes exactly at the boundaries of the period', () => {
    const atStart = assignments(SMALL, [JUNE.startsAt.toISOString(), LARGE]);
    const atEnd = assignments(LARGE, [JUNE.endsAt.toISOString(), SMALL]);
    for (const given of [atStart, atEnd]) expect(phasesOf(JUNE, given)).toEqual(phasesOf(JUNE, assignments(LARGE)));
  });

  it('leave out days without a plan', () => {
    const cancelled: PlanAssignment[] = [
      { plan: SMALL, from: new Date('2020-01-01'), to: new Date('2026-06-16T12:00:00Z') },
    ];
    const phases = phasesOf(JUNE, cancelled);
    expect(phases.map(({ days }) => days)).toEqual([15]);
    expect(baseParts(phases)).toEqual([1_500n]);
  });
});

/** Periods around every kind of transition, and 0–5 changes at, near or on the same day as one another. */
const scene = fc
  .record({
    start: fc.constantFrom(
      ['2026-06-01', 'America/Sao_Paulo'],
      ['2018-10-31', 'America/Sao_Paulo'],
      ['2024-04-10', 'Africa/Cairo'],
      ['2024-10-15', 'Atlantic/Azores'],
      ['2010-10-31', 'America/St_Johns'],
      ['2011-12-15', 'Pacific/Apia'],
      ['2024-02-29', 'Australia/Lord_Howe'],
      ['2024-03-20', 'Asia/Beirut'],
    ),
    // After a change of zone, the period begins in the middle of a local day.
    moved: fc.oneof(fc.constant(0), fc.integer({ min: -20, max: 20 })),
    // With newer zone rules, a stored end may no longer be a midnight.
    endMoved: fc.constantFrom(0, 0, -1, 1),
    bases: fc.array(fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, 1_000_000n), fc.bigInt(HUGE, HUGE + 99n)), {
      minLength: 3,
      maxLength: 3,
    }),
    first: fc.nat(2),
    changes: fc.array(fc.record({ quarterHour: fc.integer({ min: -100, max: 32 * 96 }), plan: fc.nat(2) }), {
      maxLength: 5,
    }),
    isSameDay: fc.boolean(),
    missing: fc.option(fc.nat(5)),
  })
  .map(({ start: [anchorOn, zone], moved, endMoved, bases, first, changes, isSameDay, missing }) => {
    const regular = periodOf(anchorOn, zone);
    const period = {
      ...regular,
      startsAt: new Date(regular.startsAt.getTime() + moved * HOUR),
      endsAt: new Date(regular.endsAt.getTime() + endMoved * HOUR),
    };
    const plans = bases.map((base, index) => planOf(`plan-${index}`, base));
    const day = Math.floor((changes[0]?.quarterHour ?? 0) / 96) * 96;
    const sorted = changes
      .map(({ quarterHour, plan }) => ({ at: isSameDay ? day + (Math.abs(quarterHour) % 96) : quarterHour, plan }))
      .sort((a, b) => a.at - b.at)
      .map(
        ({ at, plan }) => [new Date(regular.startsAt.getTime() + (at * HOUR) / 4).toISOString(), plans[plan]!] as const,
      );
    const all = assignments(plans[first]!, ...sorted);
    // Some cases have a gap without a plan: before the first plan, between two, or after the last.
    return { period, given: all.filter((_, index) => index !== missing) };
  });

describe('prorating a base fee', () => {
  it('gives the odd units to the largest remainders', () => {
    // 1,000 over 30 days: 333.33 + 666.67.
    const thousand = planOf('a', 1_000n);
    const phases = phasesOf(JUNE, assignments(thousand, ['2026-06-11T13:00:00Z', planOf('b', 1_000n)]));
    expect(baseParts(phases)).toEqual([333n, 667n]);
  });

  it('charges ten days of the small plan and twenty of the large one', () => {
    expect(baseParts(phasesOf(JUNE, assignments(SMALL, ['2026-06-11T13:00:00Z', LARGE])))).toEqual([1_000n, 6_000n]);
  });

  it('charges nothing where there is no plan', () => {
    expect(baseParts(phasesOf(JUNE, []))).toEqual([]);
  });

  it('matches a count day by day, adds up exactly, and each part is less than one unit from its exact value', () => {
    fc.assert(
      fc.property(scene, ({ period, given }) => {
        const phases = phasesOf(period, given);
        const reference = phasesByDay(period, given);
        expect(
          phases.map(({ plan, days, startsAt, endsAt }) => ({
            ...{ planId: plan.id, baseMinor: plan.baseMinor, days: BigInt(days) },
            ...{ startsAt: startsAt.getTime(), endsAt: endsAt.getTime() },
          })),
        ).toEqual(reference.phases);
        for (const phase of phases) expect(BigInt(phase.daysOfPeriod)).toBe(reference.days);
        const exact = exactBases(reference);
        const parts = baseParts(phases);
        expect(parts).toEqual(handOut(exact));
        expect(parts.reduce((a, b) => a + b, 0n)).toBe(halfUp(exact.reduce(plus, fraction(0n))));
        parts.forEach((part, index) => {
          const off = minus(fraction(part), exact[index]!);
          expect(isBelow(off, fraction(1n)) && isBelow(fraction(-1n), off)).toBe(true);
        });
      }),
      { numRuns: sampleSize(200, 1_000) },
    );
  });

  it('keeps the sum of any fees over any days', () => {
    const part = fc.record({ base: fc.bigInt(0n, HUGE), days: fc.integer({ min: 1, max: 70 }) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.nat(5), (parts, unplanned) => {
        const daysOfPeriod = parts.reduce((sum, { days }) => sum + days, unplanned);
        const phases = parts.map(({ base, days }, index) => ({
          ...{ index, days, daysOfPeriod, startsAt: JUNE.startsAt, endsAt: JUNE.endsAt },
          plan: planOf(String(index), base),
        }));
        const exact = parts.map(({ base, days }) => fraction(base * BigInt(days), BigInt(daysOfPeriod)));
        expect(baseParts(phases)).toEqual(handOut(exact));
      }),
      RUNS,
    );
  });
});

describe('an allowance in a phase', () => {
  const meter: Meter = {
    included: 100n,
    softBp: SOFT_BP,
    hardBp: HARD_BP,
    priceMicro: 1_000_000n,
    billableFrom: 'soft',
  };
  const phaseOf = (days: number, daysOfPeriod: number): Phase => ({
    ...{ index: 0, plan: SMALL, days, daysOfPeriod },
    ...{ startsAt: JUNE.startsAt, endsAt: JUNE.endsAt },
  });

  it('is rounded up: ten days of thirty are 34 of 100', () => {
    expect(meterInPhase(meter, phaseOf(10, 30))).toEqual({ ...meter, included: 34n });
    expect(meterInPhase(meter, phaseOf(30, 30))).toEqual(meter);
  });

  it('is the exact share rounded up, so that the phases together never include less than the whole', () => {
    const included = fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, HUGE));
    fc.assert(
      fc.property(
        included,
        fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 6 }),
        (whole, days) => {
          const daysOfPeriod = days.reduce((a, b) => a + b);
          const parts = days.map(
            (count) => meterInPhase({ ...meter, included: whole }, phaseOf(count, daysOfPeriod)).included,
          );
          expect(parts).toEqual(days.map((count) => ceilOf(fraction(whole * BigInt(count), BigInt(daysOfPeriod)))));
          const sum = parts.reduce((a, b) => a + b);
          expect(sum >= whole && sum < whole + BigInt(days.length)).toBe(true);
        },
      ),
      RUNS,
    );
  });
});

describe('a suspended period', () => {
  const at = (hour: number) => new Date(JUNE.startsAt.getTime() + hour * HOUR);
  const LAST = 30 * 24;

  it.each<[string, Suspension[], boolean]>([
    ['never suspended', [], false],
    ['suspended from its first to its last instant', [{ since: at(0), until: at(LAST) }], true],
    ['suspended since long ago and still', [{ since: at(-900), until: null }], true],
    ['suspended an hour late', [{ since: at(1), until: null }], false],
    ['released an hour early', [{ since: at(-1), until: at(LAST - 1) }], false],
    [
      'released and suspended again at once',
      [
        { since: at(50), until: null },
        { since: at(-5), until: at(50) },
      ],
      true,
    ],
    [
      'not suspended for an hour between two suspensions',
      [
        { since: at(-5), until: at(50) },
        { since: at(51), until: null },
      ],
      false,
    ],
  ])('is wholly suspended or not: %s', (_, suspensions, expected) => {
    expect(isWhollySuspended(JUNE, suspensions)).toBe(expected);
  });

  it('is wholly suspended exactly when each of its hours is', () => {
    const hours = fc.record({ since: fc.integer({ min: -3, max: 9 }), length: fc.option(fc.nat(12)) });
    fc.assert(
      fc.property(fc.array(hours, { maxLength: 4 }), (all) => {
        const suspensions = all.map(({ since, length }) => ({
          since: at(since),
          until: length === null ? null : at(since + length),
        }));
        const isCovered = (hour: number) =>
          all.some(({ since, length }) => since <= hour && (length === null || hour < since + length));
        const expected = [0, 1, 2, 3, 4, 5].every(isCovered);
        expect(isWhollySuspended({ startsAt: at(0), endsAt: at(6) }, suspensions)).toBe(expected);
      }),
      RUNS,
    );
  });
});
