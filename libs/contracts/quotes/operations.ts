import { z } from 'zod';
import { idParams, operation, page, pageQuery, type Tags } from '../operation.js';
import { currency, id, instant, money, percent, price, quantity, text, unitCode } from '../scalars.js';

export const tags: Tags = {
  Quotes: { order: 70, description: 'Offers with versions: draft, sent, accepted, converted.' },
};

export const QUOTE_STATES = [
  'draft',
  'sent',
  'accepted',
  'declined',
  'expired',
  'superseded',
  'cancelled',
  'partially_converted',
  'converted',
] as const;

export const quoteLine = z
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
    converted_quantity: quantity,
  })
  .meta({ id: 'QuoteLine' });

export const quote = z
  .object({
    id,
    number: z.string().meta({ examples: ['COT-000123'] }),
    version: z.int().positive().meta({ description: 'Versions share a number: 1, 2, 3, …' }),
    state: z.enum(QUOTE_STATES),
    customer_id: id,
    site_id: id.nullable(),
    seller_id: z.string().meta({ examples: ['user:01931b6e-3c00-7a00-8000-000000000006'] }),
    currency,
    discount_percent: percent,
    total: money,
    valid_until: instant.nullable(),
    accepted_by: z
      .string()
      .nullable()
      .meta({ examples: ['Ana Souza'] }),
    created_at: instant,
    lines: z.array(quoteLine),
  })
  .meta({ id: 'Quote' });

export const quoteSummary = quote.omit({ lines: true }).meta({ id: 'QuoteSummary' });

const lines = z
  .array(
    z.strictObject({
      product_id: id,
      quantity,
      unit: unitCode.optional().meta({ description: 'A unit of the product; its base unit unless given' }),
      unit_price: price.optional().meta({ description: 'The product’s price unless given' }),
      discount_percent: percent.default('0'),
    }),
  )
  .max(500);

const terms = z
  .strictObject({
    customer_id: id,
    site_id: id.nullish(),
    discount_percent: percent.default('0').meta({ description: 'General discount, after the lines’ own' }),
    valid_days: z.int().min(1).max(365).default(10),
    lines,
  })
  .meta({ id: 'QuoteTerms' });

const shared = { tag: 'Quotes', params: idParams, response: quote } as const;

export const createQuote = operation({
  id: 'createQuote',
  method: 'POST',
  path: '/quotes',
  tag: 'Quotes',
  summary: 'Draft a quote',
  access: 'quote.manage',
  body: terms,
  response: quote,
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

export const listQuotes = operation({
  id: 'listQuotes',
  method: 'GET',
  path: '/quotes',
  tag: 'Quotes',
  summary: 'List quotes, newest first',
  access: 'quote.read',
  query: pageQuery.extend({ state: z.enum(QUOTE_STATES).optional(), customer_id: id.optional() }),
  response: page(quoteSummary),
});

export const getQuote = operation({
  ...shared,
  id: 'getQuote',
  method: 'GET',
  path: '/quotes/:id',
  summary: 'Read one quote with its lines',
  access: 'quote.read',
});

export const changeQuote = operation({
  ...shared,
  id: 'changeQuote',
  method: 'PUT',
  path: '/quotes/:id',
  summary: 'Replace a draft’s terms and lines',
  access: 'quote.manage',
  body: terms,
  errors: ['invalid_transition', 'version_conflict'],
});

export const sendQuote = operation({
  ...shared,
  id: 'sendQuote',
  method: 'POST',
  path: '/quotes/:id/send',
  status: 200,
  summary: 'Send a draft; its lines and prices are frozen from here on',
  access: 'quote.manage',
  errors: ['invalid_transition', 'quote_has_no_lines', 'version_conflict'],
});

export const acceptQuote = operation({
  ...shared,
  id: 'acceptQuote',
  method: 'POST',
  path: '/quotes/:id/accept',
  status: 200,
  summary: 'Record the customer’s acceptance',
  access: 'quote.manage',
  body: z.strictObject({ accepted_by: text(200).meta({ examples: ['Ana Souza'] }) }),
  errors: ['invalid_transition', 'version_conflict'],
});

export const declineQuote = operation({
  ...shared,
  id: 'declineQuote',
  method: 'POST',
  path: '/quotes/:id/decline',
  status: 200,
  summary: 'Record that the customer declined, and why',
  access: 'quote.manage',
  body: z
    .strictObject({
      reason: text(500)
        .optional()
        .meta({ examples: ['bought elsewhere'] }),
    })
    .default({}),
  errors: ['invalid_transition', 'version_conflict'],
});

export const cancelQuote = operation({
  ...shared,
  id: 'cancelQuote',
  method: 'POST',
  path: '/quotes/:id/cancel',
  status: 200,
  summary: 'Withdraw a quote',
  access: 'quote.manage',
  errors: ['invalid_transition', 'version_conflict'],
});

export const reviseQuote = operation({
  ...shared,
  id: 'reviseQuote',
  method: 'POST',
  path: '/quotes/:id/revise',
  summary: 'Start the next version of a sent quote, under the same number',
  description: 'The new version is a draft with the same lines; the sent one becomes `superseded`.',
  access: 'quote.manage',
  errors: ['invalid_transition', 'version_conflict'],
});

export const convertQuote = operation({
  ...shared,
  id: 'convertQuote',
  method: 'POST',
  path: '/quotes/:id/convert',
  summary: 'Make an order of an accepted quote, whole or in part',
  description:
    'A quantity converts once, however many callers ask. A quote past its validity needs `quote.convert_expired`.',
  access: 'quote.convert',
  body: z
    .strictObject({
      lines: z
        .array(z.strictObject({ position: z.int().positive(), quantity }))
        .min(1)
        .max(500)
        .optional()
        .meta({ description: 'All that is left unless given' }),
    })
    .default({}),
  response: z.object({ order_id: id, number: z.string().meta({ examples: ['PED-000123'] }) }),
  errors: [
    'invalid_transition',
    'quote_expired',
    'nothing_to_convert',
    'version_conflict',
    'usage_limit_reached',
    'metered_operations_held',
  ],
});
