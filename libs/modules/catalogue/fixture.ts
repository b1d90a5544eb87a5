/** Items of this room that the attack on every route aims at. */
import { type Fixture, idOf } from '#testing/fixture';

export const fixture: Fixture = {
  items: {
    products: ({ owner }) =>
      idOf(owner.post('/products', { code: 'SECRET-1', name: 'SECRET product', unit: 'H87', price: '32.00' })),
  },
  bodies: { changeProduct: { name: 'mine now' } },
};
