import fc from 'fast-check';
import { dateAfter, firstInstantOf } from '#testing/billing/reference-model';
import { sampleSize } from '#testing/sample';
import { boundary, nextPeriod, type Period, periodsUntil, type Subscription } from './periods.js';

const MONTHS = 60;
const HOUR = 3_600_000;

/** Zones with midnights that were skipped or came twice, half-hour offsets, missing days, and the outermost offsets. */
const ZONES = [
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Asia/Beirut',
  'Pacific/Apia',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'America/Havana',
  'America/St_Johns',
  'America/Asuncion',
  'Asia/Amman',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Europe/Lisbon',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'UTC',
];

const subscriptionOf = (given: Partial<Subscription> = {}): Subscription => ({
  anchorOn: '2026-01-31',
  zone: 'America/Sao_Paulo',
  intervalMonths: 1,
  tzdbVersion: '2025c',
  ...given,
});

const zone = fc.constantFrom(...ZONES);
const anchorOn = fc
  .date({ min: new Date('1985-01-01'), max: new Date('2036-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

function chain(subscription: Subscription, count: number): Period[] {
  const periods: Period[] = [];
  while (periods.length < count) periods.push(nextPeriod(subscription, periods.at(-1)));
  return periods;
}

function expectPartition(periods: readonly Period[]): void {
  periods.forEach((period, index) => {
    expect(period.seq).toBe(index);
    expect(period.endsAt.getTime()).toBeGreaterThan(period.startsAt.getTime());
    if (index > 0) expect(period.startsAt).toEqual(periods[index - 1]!.endsAt);
  });
}

describe('a boundary', () => {
  it.each([
    ['a midnight like any other', 'America/Sao_Paulo', '2026-01-15', '2026-01-15T03:00:00Z'],
    ['a midnight that Brazil skipped', 'America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z'],
    ['a midnight that Egypt skipped', 'Africa/Cairo', '2024-04-26', '2024-04-25T22:00:00Z'],
    ['a midnight that Lebanon skipped', 'Asia/Beirut', '2024-03-31', '2024-03-30T22:00:00Z'],
    ['a midnight that the Azores skipped', 'Atlantic/Azores', '2024-03-31', '2024-03-31T01:00:00Z'],
    ['the earlier of two midnights on the Azores', 'Atlantic/Azores', '2024-10-27', '2024-10-27T00:00:00Z'],
    ['the earlier of two midnights in Havana', 'America/Havana', '2024-11-03', '2024-11-03T04:00:00Z'],
    ['a midnight that came again after a minute', 'America/St_Johns', '2010-11-07', '2010-11-07T02:30:00Z'],
    ['a midnight amid the hour Toronto skipped', 'America/Toronto', '1919-03-31', '1919-03-31T04:30:00Z'],
    ['a day that Samoa left out, begun with the next', 'Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00Z'],
    ['a half-hour zone', 'Australia/Lord_Howe', '2026-06-30', '2026-06-29T13:30:00Z'],
  ])('is the first instant of the local day: %s', (_, where, day, instant) => {
    expect(boundary(day, where, 0)).toEqual(new Date(instant));
  });

  it('is the day of the anchor, or the last day of a shorter month, and returns to the day of the anchor', () => {
    const days = [0, 1, 2, 3, 13, 25].map((months) => boundary('2026-01-31', 'UTC', months).toISOString().slice(0, 10));
    expect(days).toEqual(['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2027-02-28', '2028-02-29']);
  });

  it(`matches the local clock, in ${ZONES.length} zones over ${MONTHS} months from any anchor`, () => {
    const compare = (where: string, anchor: string) => {
      for (let months = 0; months < MONTHS; months++) {
        const expected = new Date(firstInstantOf(dateAfter(anchor, months), where)).toISOString();
        const at = boundary(anchor, where, months).toISOString();
        expect(`${where} ${anchor} + ${months}: ${at}`).toBe(`${where} ${anchor} + ${months}: ${expected}`);
      }
    };
    // The first chain contains 30 December 2011; the second is near the last midnights that Brazil skipped.
    for (const where of ZONES) ['2008-01-30', '2014-10-19'].forEach((anchor) => compare(where, anchor));
    fc.assert(fc.property(zone, anchorOn, compare), { numRuns: 24 });
  });
});

describe('the periods of a subscription', () => {
  it('are numbered from 0, begin at the anchor and record the zone and the rules that set their ends', () => {
    expect(nextPeriod(subscriptionOf(), undefined)).toEqual({
      seq: 0,
      startsAt: new Date('2026-01-31T03:00:00Z'),
      endsAt: new Date('2026-02-28T03:00:00Z'),
      zone: 'America/Sao_Paulo',
      tzdbVersion: '2025c',
    });
  });

  it('can last a year, and return to 29 February', () => {
    const years = chain(subscriptionOf({ anchorOn: '2024-02-29', zone: 'UTC', intervalMonths: 12 }), 5);
    expect(years.map((period) => period.startsAt.toISOString().slice(0, 10))).toEqual([
      '2024-02-29',
      '2025-02-28',
      '2026-02-28',
      '2027-02-28',
      '2028-02-29',
    ]);
  });

  it('contain every instant exactly once, also a millisecond around each boundary', () => {
    const check = (where: string, anchor: string, intervalMonths: 1 | 12) => {
      const periods = chain(subscriptionOf({ zone: where, anchorOn: anchor, intervalMonths }), MONTHS);
      expectPartition(periods);
      const around = periods.slice(1).flatMap(({ startsAt }) => [-1, 0, 1].map((ms) => startsAt.getTime() + ms));
      for (const at of around) {
        const holders = periods.filter(({ startsAt, endsAt }) => startsAt.getTime() <= at && at < endsAt.getTime());
        expect(holders).toHaveLength(1);
      }
    };
    for (const where of ZONES) check(where, '2008-01-30', 1);
    fc.assert(fc.property(zone, anchorOn, fc.constantFrom(1, 12), check), { numRuns: 30 });
  });

  it('are due from their first instant on, not a millisecond before', () => {
    const subscription = subscriptionOf();
    const [first, second] = chain(subscription, 2) as [Period, Period];
    expect(periodsUntil(subscription, undefined, new Date(first.startsAt.getTime() - 1))).toEqual([]);
    expect(periodsUntil(subscription, undefined, first.startsAt)).toEqual([first]);
    expect(periodsUntil(subscription, undefined, new Date(second.startsAt.getTime() - 1))).toEqual([first]);
    expect(periodsUntil(subscription, first, second.startsAt)).toEqual([second]);
  });

  it('are the same however often and however late they are computed', () => {
    fc.assert(
      fc.property(
        zone,
        anchorOn,
        fc.array(fc.nat(40 * 24), { minLength: 1, maxLength: 30 }),
        (where, anchor, hours) => {
          const subscription = subscriptionOf({ zone: where, anchorOn: anchor });
          let now = boundary(anchor, where, 0);
          const stepwise: Period[] = [];
          for (const pause of hours) {
            now = new Date(now.getTime() + pause * HOUR);
            stepwise.push(...periodsUntil(subscription, stepwise.at(-1), now));
          }
          expect(stepwise).toEqual(periodsUntil(subscription, undefined, now));
        },
      ),
      { numRuns: sampleSize(60, 200) },
    );
  });

  it('follow the tenant to another zone from the next period on', () => {
    const first = nextPeriod(subscriptionOf({ anchorOn: '2026-03-01' }), undefined);
    const second = nextPeriod(subscriptionOf({ anchorOn: '2026-03-01', zone: 'Asia/Tokyo' }), first);
    expect(second).toMatchObject({
      startsAt: first.endsAt,
      endsAt: new Date('2026-04-30T15:00:00Z'),
      zone: 'Asia/Tokyo',
    });
  });

  it('neither overlap nor leave a gap when zones and zone rules change between any two of them', () => {
    const step = fc.record({ zone, rulesMovedBy: fc.integer({ min: -24, max: 24 }), tzdbVersion: fc.string() });
    fc.assert(
      fc.property(anchorOn, fc.array(step, { minLength: 2, maxLength: MONTHS }), (anchor, steps) => {
        const stored: Period[] = [];
        for (const { rulesMovedBy, ...terms } of steps) {
          const before = JSON.stringify(stored);
          const next = nextPeriod(subscriptionOf({ anchorOn: anchor, ...terms }), stored.at(-1));
          expect(JSON.stringify(stored)).toBe(before);
          // Older zone rules gave another end, and that end was stored.
          stored.push({ ...next, endsAt: new Date(next.endsAt.getTime() + rulesMovedBy * HOUR) });
        }
        expectPartition(stored);
      }),
      { numRuns: sampleSize(50, 150) },
    );
  });

  it.each([
    ['anchor', { anchorOn: '2026-01-15' }],
    ['interval', { intervalMonths: 12 as const }],
  ])('refuse to go on when the %s changed under them', (_, change) => {
    const stored = chain(subscriptionOf(), 3);
    expect(() => nextPeriod(subscriptionOf(change), stored.at(-1))).toThrow(
      expect.objectContaining({ code: 'period_off_anchor' }),
    );
  });
});
