/** Items of this room that the attack on every route aims at. */
import type { Fixture } from '#testing/fixture';

export const fixture: Fixture = {
  items: {
    'usage/caps': async ({ owner }) => {
      await owner.put('/usage/caps/orders', { cap: 900 });
      return { name: 'orders', because: 'A meter has the same name in every store; a store sets a limit of its own.' };
    },
  },
  bodies: { setUsageCap: { cap: 1 }, removeUsageCap: {} },
};
