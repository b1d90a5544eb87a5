import { z } from 'zod';
import { defineEvent } from '../event.js';
import { currency, id, instant, money } from '../scalars.js';
import { eventLine } from '../quotes/events.js';

export const ORDER_STATUSES = [
  'pending',
  'preparing',
  'out_for_delivery',
  'partially_delivered',
  'delivered',
  'returned',
  'cancelled',
] as const;

const order = z.object({
  order_id: id,
  number: z.string(),
  customer_id: id,
  site_id: id.nullable(),
  seller_id: z.string(),
  quote_id: id.nullable(),
  currency,
  total: money,
  lines: z.array(eventLine),
});

const example = {
  order_id: '01931b6e-3c00-7a00-8000-000000000008',
  number: 'PED-000001',
  customer_id: '01931b6e-3c00-7a00-8000-000000000003',
  site_id: null,
  seller_id: 'user:01931b6e-3c00-7a00-8000-000000000006',
  quote_id: '01931b6e-3c00-7a00-8000-000000000005',
  currency: 'BRL',
  total: '304.00',
  lines: [
    {
      product_id: '01931b6e-3c00-7a00-8000-000000000001',
      quantity: '10',
      unit: 'H87',
      base_quantity: '10',
      unit_price: '32.00',
      discount_percent: '5',
      total: '304.00',
    },
  ],
};

export const orderCreated = defineEvent({
  type: 'order.created',
  version: 1,
  aggregate: 'order',
  summary: 'An order was placed, from a quote or directly.',
  data: order,
  example,
});

export const orderStatusChanged = defineEvent({
  type: 'order.status_changed',
  version: 1,
  aggregate: 'order',
  summary: 'An order moved along its states.',
  data: z.object({
    order_id: id,
    number: z.string(),
    from: z.enum(ORDER_STATUSES),
    to: z.enum(ORDER_STATUSES),
    reason: z.string().nullable(),
  }),
  example: {
    order_id: example.order_id,
    number: example.number,
    from: 'pending',
    to: 'preparing',
    reason: null,
  },
});

export const saleRecorded = defineEvent({
  type: 'sale.recorded',
  version: 1,
  aggregate: 'order',
  summary: 'An order’s goods were delivered and count as sold; once per order.',
  data: order.extend({ sold_at: instant }),
  example: { ...example, sold_at: '2026-11-20T14:00:00.000Z' },
});
