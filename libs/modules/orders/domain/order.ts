/**
 * An order's states. Lines never change after creation; only the state does.
 *
 *   pending ─▶ preparing ─▶ out_for_delivery ─▶ delivered ─▶ returned (in part)
 *      │           │               │  └─▶ partially_delivered ─▶ delivered
 *      └───────────┴───────────────┴─▶ cancelled (anything before delivered)
 */
import { StateMachine } from '#kernel';
import type { ORDER_STATUSES } from '#contracts/orders/events';

export type OrderStatus = (typeof ORDER_STATUSES)[number];

export const orderStates = new StateMachine<OrderStatus>('order', {
  pending: ['preparing', 'cancelled'],
  preparing: ['out_for_delivery', 'cancelled'],
  out_for_delivery: ['partially_delivered', 'delivered', 'cancelled'],
  partially_delivered: ['out_for_delivery', 'delivered', 'cancelled'],
  delivered: ['returned'],
  returned: ['returned'],
  cancelled: [],
});
