import type { Arrival } from './event.js';
import { Foresight } from './foresight.js';
import { UNSEEN } from './gate.js';

const at = (version: number) => ({ version, waiting: undefined, isParked: false });
const group = (key: string, ...versions: number[]): [string, Arrival[]] => [
  key,
  versions.map((version) => ({ key, version }) as Arrival),
];

describe('foresight', () => {
  it('takes an aggregate nobody remembers for new, if its first event is the first version', () => {
    const foresight = new Foresight();
    expect(foresight.placesOf(new Map([group('a', 1, 2)]))).toEqual(new Map([['a', UNSEEN]]));
    expect(foresight.placesOf(new Map([group('a', 2)]))).toBeUndefined();
  });

  it('remembers where a batch has left an aggregate, and guesses for all of a batch or for none', () => {
    const foresight = new Foresight();
    foresight.learn('a', at(4));
    expect(foresight.placesOf(new Map([group('a', 5), group('b', 1)]))).toEqual(
      new Map([
        ['a', at(4)],
        ['b', UNSEEN],
      ]),
    );
    expect(foresight.placesOf(new Map([group('a', 5), group('b', 7)]))).toBeUndefined();
  });

  it('never guesses where something waits or is parked', () => {
    const foresight = new Foresight();
    for (const place of [
      { ...at(4), waiting: 6 },
      { ...at(4), isParked: true },
    ]) {
      foresight.learn('a', at(3));
      foresight.learn('a', place);
      expect(foresight.placesOf(new Map([group('a', 5)]))).toBeUndefined();
    }
  });

  it('forgets all after a wrong guess, and guesses nothing for a second', () => {
    let now = 1_000;
    const foresight = new Foresight(() => now);
    foresight.learn('a', at(4));
    foresight.forget();
    foresight.learn('b', at(2));
    now += 999;
    expect(foresight.placesOf(new Map([group('b', 3)]))).toBeUndefined();
    now += 1;
    expect(foresight.placesOf(new Map([group('b', 3)]))).toEqual(new Map([['b', at(2)]]));
    expect(foresight.placesOf(new Map([group('a', 5)]))).toBeUndefined();
  });

  it('remembers the ten thousand that changed last', () => {
    const foresight = new Foresight();
    for (let nth = 0; nth < 10_000; nth++) foresight.learn(`a${nth}`, at(2));
    foresight.learn('a0', at(3));
    foresight.learn('new', at(2));
    expect(foresight.placesOf(new Map([group('a0', 4), group('new', 3)]))).toBeDefined();
    expect(foresight.placesOf(new Map([group('a1', 3)]))).toBeUndefined();
  });
});
