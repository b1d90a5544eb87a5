import { z } from 'zod';
import { defineEvent } from '../event.js';
import { currency, id, instant, money, price, quantity, percent, unitCode } from '../scalars.js';

export const eventLine = z.object({
  product_id: id,
  /** In the unit it was quoted or sold in. */
  quantity,
  unit: unitCode,
  /** The same quantity in the product's base unit. */
  base_quantity: quantity,
  unit_price: price,
  discount_percent: percent,
  total: money,
});

const quote = z.object({
  quote_id: id,
  number: z.string(),
  /** 1 for the first version under a number, then 2, 3, … */
  revision: z.int().positive(),
  customer_id: id,
  site_id: id.nullable(),
  seller_id: z.string(),
  currency,
  total: money,
});

const example = {
  quote_id: '01931b6e-3c00-7a00-8000-000000000005',
  number: 'COT-000001',
  revision: 1,
  customer_id: '01931b6e-3c00-7a00-8000-000000000003',
  site_id: null,
  seller_id: 'user:01931b6e-3c00-7a00-8000-000000000006',
  currency: 'BRL',
  total: '304.00',
};

const line = {
  product_id: '01931b6e-3c00-7a00-8000-000000000001',
  quantity: '10',
  unit: 'H87',
  base_quantity: '10',
  unit_price: '32.00',
  discount_percent: '5',
  total: '304.00',
};

export const quoteCreated = defineEvent({
  type: 'quote.created',
  version: 1,
  aggregate: 'quote',
  summary: 'A quote was drafted.',
  data: quote.extend({ lines: z.array(eventLine) }),
  example: { ...example, lines: [line] },
});

export const quoteChanged = defineEvent({
  type: 'quote.changed',
  version: 1,
  aggregate: 'quote',
  summary: 'A draft’s lines or terms changed.',
  data: quote.extend({ lines: z.array(eventLine) }),
  example: { ...example, lines: [line] },
});

export const quoteSent = defineEvent({
  type: 'quote.sent',
  version: 1,
  aggregate: 'quote',
  summary: 'A quote went to the customer; its lines and prices are frozen from here on.',
  data: quote.extend({ valid_until: instant }),
  example: { ...example, valid_until: '2026-11-30T23:59:59.000Z' },
});

export const quoteAccepted = defineEvent({
  type: 'quote.accepted',
  version: 1,
  aggregate: 'quote',
  summary: 'The customer accepted.',
  data: quote.extend({ accepted_by: z.string() }),
  example: { ...example, accepted_by: 'Marina Duarte' },
});

export const quoteDeclined = defineEvent({
  type: 'quote.declined',
  version: 1,
  aggregate: 'quote',
  summary: 'The customer declined.',
  data: quote.extend({ reason: z.string().nullable() }),
  example: { ...example, reason: 'preço' },
});

export const quoteExpired = defineEvent({
  type: 'quote.expired',
  version: 1,
  aggregate: 'quote',
  summary: 'The validity of a sent quote ended without an answer.',
  data: quote,
  example,
});

export const quoteCancelled = defineEvent({
  type: 'quote.cancelled',
  version: 1,
  aggregate: 'quote',
  summary: 'The store withdrew the quote.',
  data: quote,
  example,
});

export const quoteSuperseded = defineEvent({
  type: 'quote.superseded',
  version: 1,
  aggregate: 'quote',
  summary: 'A newer version took this one’s place.',
  data: quote.extend({ superseded_by: id }),
  example: { ...example, superseded_by: '01931b6e-3c00-7a00-8000-000000000007' },
});

export const quoteConverted = defineEvent({
  type: 'quote.converted',
  version: 1,
  aggregate: 'quote',
  summary: 'The quote, or part of it, became an order.',
  data: quote.extend({ order_id: id, order_number: z.string(), is_complete: z.boolean() }),
  example: {
    ...example,
    order_id: '01931b6e-3c00-7a00-8000-000000000008',
    order_number: 'PED-000001',
    is_complete: true,
  },
});
