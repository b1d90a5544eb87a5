import fc from 'fast-check';
import { sampleSize } from '#testing/sample';
import type { Meter } from '../../plans/domain/rating.js';
import { forecastOf } from './forecast.js';
import { METERS } from './meters.js';

const meter: Meter = { included: 1000n, softBp: 12_000, hardBp: 15_000, priceMicro: 10_000_000n, billableFrom: 'soft' };
const november = {
  startsAt: new Date('2026-11-01T03:00:00Z'),
  endsAt: new Date('2026-12-01T03:00:00Z'),
  zone: 'America/Sao_Paulo',
};
const tenth = new Date('2026-11-10T15:00:00Z');
const { orders: ORDERS, stored_mb: STORED, api_calls: CALLS } = METERS;
const days = ({ thresholds }: ReturnType<typeof forecastOf>) => thresholds.map(({ on }) => on);

describe('the forecast of a meter', () => {
  it('gives the day of each limit that usage reaches at this pace', () => {
    const forecast = forecastOf(meter, ORDERS, 500n, november, tenth);
    expect(forecast.expected).toBe(1500n);
    expect(days(forecast)).toEqual(['2026-11-20', '2026-11-24', '2026-11-30']);
    expect(forecast.thresholds.map(({ effect }) => effect)).toEqual(['none', 'billed', 'refused']);
  });

  it('gives no day for a limit that is already reached or is not reached in this period', () => {
    const forecast = forecastOf(meter, ORDERS, 1_000n, november, new Date('2026-11-27T15:00:00Z'));
    expect(forecast.expected).toBe(1_111n);
    expect(days(forecast)).toEqual([null, null, null]);
    expect(forecast.thresholds.map(({ isReached }) => isReached)).toEqual([true, false, false]);
  });

  it('expects no more than will be admitted, and does not project a peak', () => {
    expect(forecastOf(meter, ORDERS, 900n, november, tenth).expected).toBe(1500n);
    expect(forecastOf(meter, STORED, 900n, november, tenth)).toMatchObject({ expected: 900n });
    expect(days(forecastOf(meter, STORED, 900n, november, tenth))).toEqual([null, null, null]);
  });

  it('goes beyond the hard limit if the meter cannot refuse, with no effect there', () => {
    const forecast = forecastOf(meter, CALLS, 900n, november, tenth);
    expect(forecast.expected).toBe(2_700n);
    expect(forecast.thresholds.map(({ effect, on }) => [effect, on])).toEqual([
      ['none', '2026-11-12'],
      ['billed', '2026-11-14'],
      ['none', '2026-11-17'],
    ]);
  });

  it('ends at the store’s own cap, gives its day, and no day for the limits above it', () => {
    const forecast = forecastOf(meter, ORDERS, 500n, november, tenth, 1_100n);
    expect(forecast.expected).toBe(1_100n);
    expect(forecast.thresholds.map(({ percent, limitedBy, effect, on }) => [percent, limitedBy, effect, on])).toEqual([
      [100, 'plan', 'none', '2026-11-20'],
      [110, 'own_cap', 'refused', '2026-11-22'],
      [120, 'plan', 'billed', null],
      [150, 'plan', 'refused', null],
    ]);
    expect(forecastOf(meter, ORDERS, 900n, november, tenth, 400n)).toMatchObject({
      expected: 900n,
      thresholds: [{ limitedBy: 'own_cap', isReached: true, on: null }, {}, {}, { on: null }],
    });
  });

  it('follows the plan if the cap is not lower, or if requests are not refused at the cap', () => {
    for (const cap of [1_500n, 2_000n])
      expect(forecastOf(meter, ORDERS, 500n, november, tenth, cap)).toEqual(
        forecastOf(meter, ORDERS, 500n, november, tenth),
      );
    const calls = forecastOf(meter, CALLS, 500n, november, tenth, 700n);
    expect(calls).toMatchObject({
      expected: 1_500n,
      thresholds: [{ units: 700n, effect: 'none', on: '2026-11-14' }, { on: '2026-11-20' }, {}, { on: '2026-11-30' }],
    });
  });

  it('matches a store that continues at this pace and is refused beyond the lower limit', () => {
    const figures = fc.record({
      included: fc.bigInt({ min: 0n, max: 2_000n }),
      used: fc.bigInt({ min: 0n, max: 4_000n }),
      day: fc.integer({ min: 1, max: 30 }),
      cap: fc.option(fc.bigInt({ min: 0n, max: 3_500n }), { nil: undefined }),
    });
    fc.assert(
      fc.property(figures, ({ included, used, day, cap }) => {
        const now = new Date(Date.UTC(2026, 10, day, 15));
        const { expected, thresholds } = forecastOf({ ...meter, included }, ORDERS, used, november, now, cap);
        const hard = (included * 3n) / 2n;
        const limit = cap !== undefined && cap < hard ? cap : hard;
        // Every day adds the same share until the limit refuses it.
        const reached = new Map<bigint, number>();
        let count = used;
        for (let on = day + 1; on <= 30; on++) {
          const next = (used * BigInt(on)) / BigInt(day);
          count = next > limit ? (count > limit ? count : limit) : next;
          for (const { units } of thresholds)
            if (used < units && count >= units && !reached.has(units)) reached.set(units, on);
        }
        expect(expected).toBe(count);
        expect(thresholds.map(({ units }) => units)).toEqual(
          [...thresholds.map(({ units }) => units)].sort((a, b) => (a < b ? -1 : 1)),
        );
        for (const { units, on, isReached } of thresholds) {
          expect(isReached).toBe(used >= units);
          expect([units, on === null ? undefined : Number(on.slice(-2))]).toEqual([units, reached.get(units)]);
        }
        expect(thresholds.filter(({ limitedBy }) => limitedBy === 'own_cap')).toHaveLength(limit < hard ? 1 : 0);
      }),
      { numRuns: sampleSize(300, 3_000) },
    );
  });

  it('counts the days of the calendar: an hour before local midnight is still the same day', () => {
    const late = forecastOf(meter, ORDERS, 500n, november, new Date('2026-11-11T02:00:00Z'));
    expect(late).toEqual(forecastOf(meter, ORDERS, 500n, november, tenth));
  });
});
