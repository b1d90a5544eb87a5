/** Which text PostgreSQL can keep, and where in a JSON value it is found. */
import fc from 'fast-check';
import { isStorable, unstorableIn } from './storable.js';

const unstorable = fc.constantFrom('\0', '\ud800', '\udfff');
const whole = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));

it('takes every text of whole characters, and no text with U+0000 or half a pair', () => {
  fc.assert(
    fc.property(whole, whole, unstorable, (before, after, bad) => {
      expect([isStorable(before), isStorable(`${before}😀${after}`), isStorable(`${before} ${bad} ${after}`)]).toEqual([
        true,
        true,
        false,
      ]);
    }),
  );
});

it('names the path of each such string, and the object of such a member name', () => {
  expect(unstorableIn({ a: ['x', { 'b/c': 'y\0' }], d: '\ud83d', e: { 'f\0': 1, g: '\0' }, h: null, i: 3 })).toEqual([
    ['a', 1, 'b/c'],
    ['d'],
    ['e'],
    ['e', 'g'],
  ]);
  expect(unstorableIn('\0')).toEqual([[]]);
  expect(unstorableIn(undefined)).toEqual([]);
});

it('finds what is nested half a million levels deep, and lists at most 20 places', () => {
  let nested: unknown = '\0';
  for (let level = 0; level < 500_000; level++) nested = [nested];
  expect(unstorableIn(nested)[0]).toHaveLength(500_000);
  expect(unstorableIn(Array.from({ length: 1_000 }, () => '\0'))).toHaveLength(20);
});
