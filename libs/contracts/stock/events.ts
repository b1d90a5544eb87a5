import { z } from 'zod';
import { defineEvent } from '../event.js';
import { id, price, signedQuantity, quantity } from '../scalars.js';

export const MOVEMENT_KINDS = ['receive', 'sell', 'reserve', 'release', 'adjust', 'count', 'return'] as const;

export const stockAdjusted = defineEvent({
  type: 'stock.adjusted',
  version: 1,
  aggregate: 'stock',
  summary: 'The ledger of one product moved. The aggregate’s id is the product’s; quantities are in its base unit.',
  data: z.object({
    product_id: id,
    movement_id: id,
    kind: z.enum(MOVEMENT_KINDS),
    on_hand_change: signedQuantity,
    reserved_change: signedQuantity,
    /** The balance after the movement. */
    on_hand: quantity,
    reserved: quantity,
    /** The cost of one base unit, on receipts that state it. */
    unit_cost: price.nullable(),
    order_id: id.nullable(),
  }),
  example: {
    product_id: '01931b6e-3c00-7a00-8000-000000000001',
    movement_id: '01931b6e-3c00-7a00-8000-000000000002',
    kind: 'receive',
    on_hand_change: '100',
    reserved_change: '0',
    on_hand: '100',
    reserved: '0',
    unit_cost: '24.90',
    order_id: null,
  },
});
