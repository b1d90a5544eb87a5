import fc from 'fast-check';
import { sampleSize } from '#testing/sample';
import { type Span, AnnouncedPeriods, type AnnouncedPeriod } from './announced-periods.js';

const at = (day: number) => `2026-11-${String(day).padStart(2, '0')}T03:00:00.000Z`;
const period = (from: number, to: number, hard = 150) => ({
  starts_at: at(from),
  ends_at: at(to),
  meters: [{ meter: 'quotes' as const, included: 100, soft: 120, hard }],
});
const announce = (...periods: ReturnType<typeof period>[]) => ({ plan: 'standard', periods });

type Announcement = ReturnType<typeof announce>;

/** The rows of the table after the batch. */
function apply(table: readonly AnnouncedPeriod[], batch: readonly Announcement[]): readonly AnnouncedPeriod[] {
  const periods = new AnnouncedPeriods();
  for (const announcement of batch) periods.take(announcement);
  const isReplaced = (old: Span) =>
    periods.replaced.some((span) => old.startsAt < span.endsAt && span.startsAt < old.endsAt);
  return [...table.filter((old) => !isReplaced(old)), ...periods.current];
}

const shown = (table: readonly AnnouncedPeriod[]) =>
  table.map(({ startsAt, endsAt, meters }) => `${startsAt} ${endsAt} ${meters[0]!.hard}`).sort();

describe('announced periods', () => {
  it('keep the last announcement', () => {
    expect(shown(apply([], [announce(period(1, 10, 150)), announce(period(1, 10, 300))]))).toEqual([
      `${at(1)} ${at(10)} 300`,
    ]);
  });

  it('leave periods alone that they only touch', () => {
    expect(shown(apply([], [announce(period(1, 10)), announce(period(10, 20))]))).toHaveLength(2);
  });

  it('replace a future period that never began, because the plan restarted', () => {
    const before = [announce(period(1, 10), period(10, 20))];
    expect(shown(apply([], [...before, announce(period(5, 15), period(15, 25))]))).toEqual([
      `${at(5)} ${at(15)} 150`,
      `${at(15)} ${at(25)} 150`,
    ]);
  });

  it('are the same wherever batches end, with one limit at each instant', () => {
    const announcement = fc
      .tuple(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(999),
      )
      .map(([from, first, second, hard]) =>
        announce(period(from, from + first, 150 + hard), period(from + first, from + first + second, 150 + hard)),
      );
    fc.assert(
      fc.property(fc.array(announcement, { maxLength: 12 }), fc.array(fc.nat(12)), (all, cuts) => {
        const one = apply([], all);
        const single = all.reduce<readonly AnnouncedPeriod[]>((table, each) => apply(table, [each]), []);
        const borders = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
        const batches = borders.slice(1).map((to, index) => all.slice(borders[index], to));
        expect(shown(one)).toEqual(shown(single));
        expect(shown(batches.reduce<readonly AnnouncedPeriod[]>(apply, []))).toEqual(shown(single));
        for (const [index, left] of one.entries())
          for (const right of one.slice(index + 1))
            expect(left.startsAt < right.endsAt && right.startsAt < left.endsAt).toBe(false);
      }),
      { numRuns: sampleSize(200, 500) },
    );
  });
});
