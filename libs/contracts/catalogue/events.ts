import { z } from 'zod';
import { defineEvent } from '../event.js';
import { currency, id, price, unitCode } from '../scalars.js';

const product = z.object({
  product_id: id,
  code: z.string(),
  name: z.string(),
  /** Base unit: what stock and the engines count in. */
  unit: unitCode,
  category: z.string().nullable(),
  price,
  currency,
});

const example = {
  product_id: '01931b6e-3c00-7a00-8000-000000000001',
  code: 'CIM-50',
  name: 'Cimento CP II 50 kg',
  unit: 'H87',
  category: 'cimento',
  price: '32.00',
  currency: 'BRL',
};

export const productCreated = defineEvent({
  type: 'product.created',
  version: 1,
  aggregate: 'product',
  summary: 'A product entered the catalogue.',
  data: product,
  example,
});

export const productChanged = defineEvent({
  type: 'product.changed',
  version: 1,
  aggregate: 'product',
  summary: 'A product’s description changed; its price did not.',
  data: product,
  example: { ...example, name: 'Cimento CP II-E 50 kg' },
});

export const priceChanged = defineEvent({
  type: 'price.changed',
  version: 1,
  aggregate: 'product',
  summary: 'A product’s list price changed.',
  data: z.object({ product_id: id, previous: price, price, currency }),
  example: { product_id: example.product_id, previous: '32.00', price: '33.50', currency: 'BRL' },
});
