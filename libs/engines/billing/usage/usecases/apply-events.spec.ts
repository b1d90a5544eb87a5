/** The facts that a batch of events contains, before they are written. */
import fc from 'fast-check';
import { type Activity, type Step, Story } from '#testing/billing/usage-story';
import { sampleSize } from '#testing/sample';
import { factsOf } from './apply-events.js';

const NOON = new Date('2026-11-20T12:00:00.000Z');

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    activity: fc.constantFrom<Activity>('order', 'quote', 'revision', 'sign_in', 'calls', 'cap', 'owner', 'seller'),
    minute: fc.nat(100_000),
    figure: fc.nat(5),
  }),
  { maxLength: 25 },
);

describe('a batch of events', () => {
  it('gives the same facts in any order and with any repetitions', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(1_000), { minLength: 1, maxLength: 60 }), (list, places) => {
        const { events } = Story.of(list, NOON);
        const mixed = places
          .flatMap((place, turn) => [events[turn % events.length]!, ...(place % 3 === 0 ? events : [])])
          .concat(events)
          .map((event, turn) => [places[turn % places.length]!, event] as const)
          .sort(([a], [b]) => a - b)
          .map(([, event]) => event);
        expect(factsOf(mixed)).toEqual(factsOf(events));
      }),
      { numRuns: sampleSize(300, 3_000) },
    );
  });

  it('gives the newest cap, and the later version of two caps at the same instant', () => {
    const story = new Story().cap(9, NOON).cap(null, NOON).cap(7, NOON);
    const [first, away, last] = story.events;
    for (const [events, cap] of [
      [[last!, away!, first!], 7],
      [[first!, last!, away!], 7],
      [[away!, first!], null],
    ] as const)
      expect(factsOf(events).caps).toEqual([
        expect.objectContaining({ tenant: story.tenant, meter: 'orders', cap, setBy: 'user:ana' }),
      ]);
    expect(factsOf(story.events)).toMatchObject({ usage: [], conflicts: 0 });
  });

  it('ignores the order of members, and takes another figure as another payload', () => {
    const [event] = new Story().calls(12, NOON).events;
    const data = event!.data as Record<string, unknown>;
    const turned = { ...event!, data: Object.fromEntries(Object.entries(data).reverse()) };
    expect(factsOf([event!, turned])).toMatchObject({ conflicts: 0, usage: [{ quantity: 12n }] });
    const forged = { ...event!, data: { ...data, quantity: 1 } };
    expect(factsOf([event!, forged])).toMatchObject({ conflicts: 1, usage: [{ quantity: 12n }] });
  });
});
