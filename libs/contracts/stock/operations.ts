import { z } from 'zod';
import { operation, page, pageQuery, type Tags } from '../operation.js';
import { MOVEMENT_KINDS } from './events.js';
import { id, instant, price, quantity, signedQuantity, text, unitCode } from '../scalars.js';

export const tags: Tags = {
  Stock: { order: 50, description: 'What is on the shelf, what is reserved, and every movement that led there.' },
};

export const movement = z
  .object({
    id,
    product_id: id,
    kind: z.enum(MOVEMENT_KINDS),
    on_hand_change: signedQuantity,
    reserved_change: signedQuantity,
    on_hand: quantity,
    reserved: quantity,
    available: quantity,
    unit_cost: price.nullable(),
    order_id: id.nullable(),
    reason: z
      .string()
      .nullable()
      .meta({ examples: ['delivery of supplier 4711'] }),
    actor: z.string().meta({ examples: ['user:01931b6e-3c00-7a00-8000-000000000006'] }),
    occurred_at: instant,
  })
  .meta({ id: 'StockMovement' });

export const recordMovement = operation({
  id: 'recordStockMovement',
  method: 'POST',
  path: '/stock/movements',
  tag: 'Stock',
  summary: 'Move stock: receive, adjust, count or return',
  description:
    'Quantities are in `unit` (the base unit unless given). `receive` and `return` add, `adjust` adds a signed quantity, `count` sets what is on the shelf. ' +
    'Selling and reserving happen through orders.',
  access: 'stock.move',
  body: z.strictObject({
    product_id: id,
    kind: z.enum(['receive', 'adjust', 'count', 'return']),
    quantity: signedQuantity,
    unit: unitCode.optional(),
    unit_cost: price.optional().meta({ description: 'What one of `unit` cost, on receipts' }),
    reason: text(500)
      .optional()
      .meta({ examples: ['delivery of supplier 4711'] }),
  }),
  response: movement,
  errors: ['product_not_found', 'insufficient_stock', 'invalid_unit', 'invalid_quantity'],
});

export const listMovements = operation({
  id: 'listStockMovements',
  method: 'GET',
  path: '/stock/movements',
  tag: 'Stock',
  summary: 'List stock movements, newest first',
  access: 'stock.read',
  query: pageQuery.extend({ product_id: id.optional() }),
  response: page(movement),
});

export const stockLevel = z
  .object({
    product_id: id,
    on_hand: quantity,
    reserved: quantity,
    available: quantity,
    reservations: z.array(z.object({ order_id: id, quantity, ends_at: instant })).optional(),
  })
  .meta({ id: 'StockLevel' });

export const listStock = operation({
  id: 'listStock',
  method: 'GET',
  path: '/stock',
  tag: 'Stock',
  summary: 'List stock levels',
  access: 'stock.read',
  query: pageQuery,
  response: page(stockLevel),
});

export const getStock = operation({
  id: 'getStock',
  method: 'GET',
  path: '/stock/:product_id',
  tag: 'Stock',
  summary: 'Read one product’s stock and who holds it until when',
  access: 'stock.read',
  params: z.strictObject({ product_id: z.uuid() }),
  response: stockLevel,
});
