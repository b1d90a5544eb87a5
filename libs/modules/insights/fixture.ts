/** Items of this room that the attack on every route aims at. */
import { newId } from '#kernel';
import type { Fixture } from '#testing/fixture';

export const fixture: Fixture = {
  items: {
    /** Engines open insights, no operation does. */
    insights: async ({ row }) => {
      const insight = {
        engine: 'stock',
        kind: 'idle',
        subject: `product/${newId()}`,
        state: 'open',
        figures: {
          ...{ name: 'SECRET insight', idle_days: 90, was_ever_sold: false, since: '2026-08-20' },
          ...{
            on_hand: '5',
            unit: 'H87',
            tied_up: '50.00',
            unit_cost: '10.00',
            currency: 'BRL',
            cost_source: 'list_price',
          },
        },
        action: {},
        basis: 'SECRET',
      };
      return String((await row('insights', { insights: insight }))['id']);
    },
  },
  bodies: { insightDone: {}, insightNotNow: {}, insightWrong: {} },
};
