/** Items of this room that the attack on every route aims at. */
import { type Fixture, idOf } from '#testing/fixture';

export const fixture: Fixture = {
  items: {
    /** Stock is addressed by its product. */
    stock: async ({ owner, item }) => {
      const product = await item('products');
      await idOf(
        owner.post('/stock/movements', { product_id: product, kind: 'receive', quantity: '100', reason: 'SECRET' }),
      );
      return product;
    },
  },
  bodies: {},
};
