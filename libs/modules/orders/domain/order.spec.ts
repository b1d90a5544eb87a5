import { ORDER_STATUSES } from '#contracts/orders/events';
import { orderStates } from './order.js';

describe('an order', () => {
  it('has these transitions and no others', () => {
    expect(ORDER_STATUSES.flatMap((from) => orderStates.transitions[from].map((to) => `${from} -> ${to}`))).toEqual([
      'pending -> preparing',
      'pending -> cancelled',
      'preparing -> out_for_delivery',
      'preparing -> cancelled',
      'out_for_delivery -> partially_delivered',
      'out_for_delivery -> delivered',
      'out_for_delivery -> cancelled',
      'partially_delivered -> out_for_delivery',
      'partially_delivered -> delivered',
      'partially_delivered -> cancelled',
      'delivered -> returned',
      'returned -> returned',
    ]);
  });

  it('cannot be cancelled after its delivery', () => {
    expect(() => orderStates.assert('delivered', 'cancelled')).toThrow(
      expect.objectContaining({
        code: 'invalid_transition',
        extras: expect.objectContaining({ details: { from: 'delivered', to: 'cancelled' } }),
      }),
    );
  });
});
