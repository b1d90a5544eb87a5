import { z } from 'zod';
import { ORDER_STATUSES } from './events.js';
import { idParams, operation, page, pageQuery, type Tags } from '../operation.js';
import { currency, id, instant, money, percent, price, quantity, text, unitCode } from '../scalars.js';

export const tags: Tags = {
  Orders: { order: 80, description: 'What was sold and how far it has come.' },
};

export const orderLine = z
  .object({
    position: z.int().positive(),
    product_id: id,
    code: z.string().meta({ examples: ['CIM-50'] }),
    name: z.string().meta({ examples: ['Cimento CP II 50 kg'] }),
    unit: unitCode,
    quantity,
    base_quantity: quantity,
    unit_price: price,
    discount_percent: percent,
    total: money,
    reserved: quantity.meta({ description: 'In the base unit' }),
    delivered: quantity.meta({ description: 'In the base unit' }),
  })
  .meta({ id: 'OrderLine' });

export const order = z
  .object({
    id,
    number: z.string().meta({ examples: ['PED-000123'] }),
    status: z.enum(ORDER_STATUSES),
    customer_id: id,
    site_id: id.nullable(),
    quote_id: id.nullable(),
    seller_id: z.string().meta({ examples: ['user:01931b6e-3c00-7a00-8000-000000000006'] }),
    currency,
    total: money,
    created_at: instant,
    lines: z.array(orderLine),
  })
  .meta({ id: 'Order' });

export const listOrders = operation({
  id: 'listOrders',
  method: 'GET',
  path: '/orders',
  tag: 'Orders',
  summary: 'List orders, newest first',
  access: 'order.read',
  query: pageQuery.extend({ status: z.enum(ORDER_STATUSES).optional(), customer_id: id.optional() }),
  response: page(order.omit({ lines: true }).meta({ id: 'OrderSummary' })),
});

export const getOrder = operation({
  id: 'getOrder',
  method: 'GET',
  path: '/orders/:id',
  tag: 'Orders',
  summary: 'Read one order with its lines',
  access: 'order.read',
  params: idParams,
  response: order,
});

export const createOrder = operation({
  id: 'createOrder',
  method: 'POST',
  path: '/orders',
  tag: 'Orders',
  summary: 'Place an order without a quote',
  access: 'order.manage',
  body: z.strictObject({
    customer_id: id,
    site_id: id.nullish(),
    discount_percent: percent.default('0'),
    lines: z
      .array(
        z.strictObject({
          product_id: id,
          quantity,
          unit: unitCode.optional(),
          unit_price: price.optional(),
          discount_percent: percent.default('0'),
        }),
      )
      .min(1)
      .max(500),
  }),
  response: order,
  errors: [
    'customer_not_found',
    'site_not_found',
    'product_not_found',
    'invalid_unit',
    'invalid_quantity',
    'usage_limit_reached',
    'metered_operations_held',
  ],
});

export const changeOrderStatus = operation({
  id: 'changeOrderStatus',
  method: 'POST',
  path: '/orders/:id/status',
  status: 200,
  tag: 'Orders',
  summary: 'Move an order along its states',
  access: 'order.deliver',
  params: idParams,
  body: z.strictObject({
    status: z.enum(['preparing', 'out_for_delivery', 'delivered', 'cancelled']),
    reason: text(500)
      .optional()
      .meta({ examples: ['the site is ready'] }),
  }),
  response: order,
  errors: ['invalid_transition', 'insufficient_stock', 'version_conflict'],
});
