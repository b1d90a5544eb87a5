import { forecastOf } from './forecast.js';
import type { Meter } from './rating.js';

const meter: Meter = { included: 1000n, softBp: 12_000, hardBp: 15_000, priceMicro: 10_000_000n, billableFrom: 'soft' };
const november = {
  startsAt: new Date('2026-11-01T03:00:00Z'),
  endsAt: new Date('2026-12-01T03:00:00Z'),
  zone: 'America/Sao_Paulo',
};
const tenth = new Date('2026-11-10T15:00:00Z');
const days = ({ thresholds }: ReturnType<typeof forecastOf>) => thresholds.map(({ on }) => on);

describe('the forecast of a meter', () => {
  it('names the day of each limit that this pace reaches', () => {
    const forecast = forecastOf(meter, 'sum', 500n, november, tenth);
    expect(forecast.expected).toBe(1500n);
    expect(days(forecast)).toEqual(['2026-11-20', '2026-11-24', '2026-11-30']);
    expect(forecast.thresholds.map(({ effect }) => effect)).toEqual(['none', 'billed', 'refused']);
  });

  it('names no day for what is reached already, nor for what this period will not see', () => {
    const forecast = forecastOf(meter, 'sum', 1_000n, november, new Date('2026-11-27T15:00:00Z'));
    expect(forecast.expected).toBe(1_111n);
    expect(days(forecast)).toEqual([null, null, null]);
    expect(forecast.thresholds.map(({ isReached }) => isReached)).toEqual([true, false, false]);
  });

  it('expects no more than will be admitted, and nothing new of a peak', () => {
    expect(forecastOf(meter, 'sum', 900n, november, tenth).expected).toBe(1500n);
    expect(forecastOf(meter, 'max', 900n, november, tenth)).toMatchObject({ expected: 900n });
    expect(days(forecastOf(meter, 'max', 900n, november, tenth))).toEqual([null, null, null]);
  });

  it('counts the days of the calendar: an hour before local midnight is still the same day', () => {
    const late = forecastOf(meter, 'sum', 500n, november, new Date('2026-11-11T02:00:00Z'));
    expect(late).toEqual(forecastOf(meter, 'sum', 500n, november, tenth));
  });
});
