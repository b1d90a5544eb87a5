/** Items of this room that the attack on every route aims at. */
import { type Fixture, idOf } from '#testing/fixture';

export const fixture: Fixture = {
  items: {
    orders: async ({ owner, item }) => {
      const lines = [{ product_id: await item('products'), quantity: '1' }];
      await item('stock');
      return idOf(owner.post('/orders', { customer_id: await item('customers'), lines }));
    },
  },
  bodies: { changeOrderStatus: { status: 'cancelled' } },
};
