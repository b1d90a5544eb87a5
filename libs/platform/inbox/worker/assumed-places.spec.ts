import type { Arrival } from './event.js';
import { AssumedPlaces } from './assumed-places.js';
import { UNSEEN } from './gate.js';

const at = (version: number) => ({ version, waiting: undefined, isParked: false });
const group = (key: string, ...versions: number[]): [string, Arrival[]] => [
  key,
  versions.map((version) => ({ key, version }) as Arrival),
];

describe('assumed places', () => {
  it('assumes that an unknown aggregate is new if its first event has version 1', () => {
    const places = new AssumedPlaces();
    expect(places.placesOf(new Map([group('a', 1, 2)]))).toEqual(new Map([['a', UNSEEN]]));
    expect(places.placesOf(new Map([group('a', 2)]))).toBeUndefined();
  });

  it('remembers where a batch has left an aggregate, and assumes places for all of a batch or for none', () => {
    const places = new AssumedPlaces();
    places.learn('a', at(4));
    expect(places.placesOf(new Map([group('a', 5), group('b', 1)]))).toEqual(
      new Map([
        ['a', at(4)],
        ['b', UNSEEN],
      ]),
    );
    expect(places.placesOf(new Map([group('a', 5), group('b', 7)]))).toBeUndefined();
  });

  it('assumes no place for an aggregate with a waiting or parked event', () => {
    const places = new AssumedPlaces();
    for (const place of [
      { ...at(4), waiting: 6 },
      { ...at(4), isParked: true },
    ]) {
      places.learn('a', at(3));
      places.learn('a', place);
      expect(places.placesOf(new Map([group('a', 5)]))).toBeUndefined();
    }
  });

  it('forgets all places after a wrong assumption, and assumes none for a second', () => {
    let now = 1_000;
    const places = new AssumedPlaces(() => now);
    places.learn('a', at(4));
    places.forget();
    places.learn('b', at(2));
    now += 999;
    expect(places.placesOf(new Map([group('b', 3)]))).toBeUndefined();
    now += 1;
    expect(places.placesOf(new Map([group('b', 3)]))).toEqual(new Map([['b', at(2)]]));
    expect(places.placesOf(new Map([group('a', 5)]))).toBeUndefined();
  });

  it('remembers the ten thousand aggregates that changed last', () => {
    const places = new AssumedPlaces();
    for (let nth = 0; nth < 10_000; nth++) places.learn(`a${nth}`, at(2));
    places.learn('a0', at(3));
    places.learn('new', at(2));
    expect(places.placesOf(new Map([group('a0', 4), group('new', 3)]))).toBeDefined();
    expect(places.placesOf(new Map([group('a1', 3)]))).toBeUndefined();
  });
});
