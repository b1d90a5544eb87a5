/** Each method on a series whose answer can be computed on paper, and the choice between them. */
import { chooseMethod, errorOf, LEAST_DAYS } from './backtest.js';
import {
  average,
  crostonSba,
  type Method,
  movingAverage,
  naive,
  seasonal,
  type Series,
  smoothed,
  tsb,
  weekdayIndexed,
} from './forecasts.js';

const START = 20_000; // a day whose number leaves 1 when divided by 7
const seriesOf = (sold: readonly number[]): Series => ({ start: START, sold: Float64Array.from(sold) });
const repeated = (week: readonly number[], weeks: number) =>
  Array.from({ length: weeks * 7 }, (_, day) => week[day % 7]!);
const nextDay = (method: Method, sold: readonly number[]) =>
  method.fit(seriesOf(sold), sold.length)(START + sold.length);

describe('the forecasts', () => {
  it('average: 90 days, or 28 if there are fewer', () => {
    expect(nextDay(average, [14])).toBe(0.5);
    expect(nextDay(average, [...Array(100).fill(9), ...Array(90).fill(3)] as number[])).toBe(3);
  });

  it('moving average: four weeks', () => {
    expect(nextDay(movingAverage, [...Array(90).fill(9), ...Array(28).fill(2)] as number[])).toBe(2);
  });

  it('naive: the same weekday of last week', () => {
    expect(nextDay(naive, [9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7])).toBe(1);
  });

  it('smoothed: a level that holds while nothing changes and fades by 8 % a day when nothing sells', () => {
    expect(nextDay(smoothed, Array(60).fill(4) as number[])).toBeCloseTo(4, 10);
    expect(nextDay(smoothed, [...Array(60).fill(4), ...Array(10).fill(0)] as number[])).toBeCloseTo(4 * 0.92 ** 10, 10);
  });

  it('weekday: eight weeks that sell on one day only, pulled a third towards even', () => {
    const forecast = weekdayIndexed.fit(seriesOf(repeated([7, 0, 0, 0, 0, 0, 0], 8)), 56);
    // Mean 1, index 56 ÷ 8 = 7 shrunk to (56 + 4) ÷ 12 = 5; the other days (0 + 4) ÷ 12.
    expect(forecast(START + 56)).toBeCloseTo(5, 10);
    expect(forecast(START + 57)).toBeCloseTo(1 / 3, 10);
  });

  it('seasonal: half as much again where last year, in the four weeks around the day, sold half as much again', () => {
    const sold = Array.from({ length: 400 }, (_, day) => (day >= 36 && day < 80 ? 20 : 10));
    expect(nextDay(seasonal, sold)).toBeCloseTo((10 * (14 * 10 + 14 * 20)) / 28 / 10, 10);
  });

  it('Croston–SBA: 6 every third day is 2 a day, less a twentieth', () => {
    const sold = Array.from({ length: 90 }, (_, day) => (day % 3 === 2 ? 6 : 0));
    expect(nextDay(crostonSba, sold)).toBeCloseTo(0.95 * 2, 10);
  });

  it('TSB: forgets what no longer sells, which Croston does not', () => {
    const sold = [
      ...Array.from({ length: 90 }, (_, day) => (day % 3 === 2 ? 6 : 0)),
      ...(Array(60).fill(0) as number[]),
    ];
    expect(nextDay(tsb, sold)).toBeLessThan(0.12);
    expect(nextDay(crostonSba, sold)).toBeCloseTo(1.9, 10);
  });
});

describe('the choice', () => {
  it('waits for twelve weeks of history', () => {
    const short = seriesOf(Array(LEAST_DAYS - 1).fill(3) as number[]);
    expect(chooseMethod(short, LEAST_DAYS - 1)).toMatchObject({ method: average, errorPercent: null });
  });

  it('keeps the average where nothing is better', () => {
    const even = seriesOf(Array(200).fill(3) as number[]);
    expect(chooseMethod(even, 200)).toMatchObject({ method: average, errorPercent: 0, naiveErrorPercent: 0 });
  });

  it('follows a level that has changed', () => {
    const risen = seriesOf([...Array(120).fill(2), ...Array(60).fill(10)] as number[]);
    const choice = chooseMethod(risen, 180);
    expect(['moving_average', 'smoothed']).toContain(choice.method.name);
    expect(choice.errorPercent!).toBeLessThan(errorOf(average, risen, 180)!);
  });

  it('lets a product fade that has sold nothing for eight weeks', () => {
    const ended = seriesOf([...Array(100).fill(5), ...Array(60).fill(0)] as number[]);
    expect(chooseMethod(ended, 160)).toMatchObject({ method: smoothed, errorPercent: null });
  });

  it('learns nothing from the days it forecasts', () => {
    const past = Array.from({ length: 120 }, (_, day) => (day * 7) % 5);
    for (const method of [average, movingAverage, smoothed, weekdayIndexed, crostonSba, tsb, naive]) {
      const known = method.fit(seriesOf([...past, 0, 0, 0]), 120);
      const other = method.fit(seriesOf([...past, 99, 99, 99]), 120);
      expect(known(START + 121)).toBe(other(START + 121));
    }
  });
});
