import pg from 'pg';
import { parserOf } from './types.js';

const TIMESTAMPTZ = 1184;
const read = parserOf(TIMESTAMPTZ) as (text: string) => Date;
const general = pg.types.getTypeParser(TIMESTAMPTZ, 'text') as (text: string) => Date;

describe('timestamps', () => {
  it('are read to the millisecond, as the general parser reads them', () => {
    for (let microseconds = 0; microseconds < 1_000_000; microseconds += 8) {
      const fraction = `.${String(microseconds).padStart(6, '0')}`.replace(/\.?0+$/, '');
      const text = `2026-02-28 23:59:09${fraction}+00`;
      if (read(text).getTime() !== general(text).getTime()) expect([text, read(text)]).toEqual([text, general(text)]);
    }
    expect(read('2026-02-28 23:59:09.123999+00').toISOString()).toBe('2026-02-28T23:59:09.123Z');
  });

  it.each([
    ['2026-11-22 05:32:00+00', '2026-11-22T05:32:00.000Z'],
    ['2026-11-22 05:32:00.5+00', '2026-11-22T05:32:00.500Z'],
    ['2024-02-29 00:00:00.07+00', '2024-02-29T00:00:00.070Z'],
    ['1969-12-31 23:59:59.999999+00', '1969-12-31T23:59:59.999Z'],
    ['9999-12-31 23:59:59.999+00', '9999-12-31T23:59:59.999Z'],
    ['0099-11-22 05:32:00.1+00', '0099-11-22T05:32:00.100Z'],
    ['2026-11-22 05:32:00.123456-03', '2026-11-22T08:32:00.123Z'],
    ['2026-11-22 05:32:00+05:30', '2026-11-22T00:02:00.000Z'],
    ['12026-11-22 05:32:00+00', '+012026-11-22T05:32:00.000Z'],
    ['0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(read(text).toISOString()).toBe(instant);
  });

  it.each([
    ['infinity', Infinity],
    ['-infinity', -Infinity],
  ])('%s is %s', (text, value) => expect(read(text)).toBe(value));
});

it.each([
  [20, '9223372036854775807', 9_223_372_036_854_775_807n],
  [1700, '0.10', '0.10'],
  [1082, '2026-11-22', '2026-11-22'],
])('type %d: no figure passes through a float, no day through a time zone', (oid, text, value) => {
  expect(parserOf(oid)(text)).toBe(value);
});
