/** Items of this room that the attack on every route aims at. */
import { newId } from '#kernel';
import { type Fixture, idOf } from '#testing/fixture';

export const fixture: Fixture = {
  items: {
    quotes: async ({ owner, item }) => {
      const lines = [{ product_id: await item('products'), quantity: '1' }];
      return idOf(owner.post('/quotes', { customer_id: await item('customers'), lines }));
    },
  },
  bodies: {
    changeQuote: { customer_id: newId(), lines: [] },
    sendQuote: {},
    acceptQuote: { accepted_by: 'thief' },
    declineQuote: {},
    cancelQuote: {},
    reviseQuote: {},
    convertQuote: {},
  },
};
