/** Items of this room that the attack on every route aims at. */
import { type Fixture, idOf } from '#testing/fixture';

export const fixture: Fixture = {
  items: {
    customers: ({ owner }) => idOf(owner.post('/customers', { kind: 'company', name: 'SECRET customer' })),
    sites: async ({ owner, item }) =>
      idOf(owner.post('/sites', { customer_id: await item('customers'), name: 'SECRET site', address: 'SECRET' })),
  },
  bodies: { changeCustomer: { name: 'mine now' }, changeSite: { name: 'mine now' } },
};
