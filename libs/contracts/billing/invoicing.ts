/** The operator's operations on invoices and payments. */
import { z } from 'zod';
import { idParams, operation, operator, page, pageQuery } from '../operation.js';
import { currency, id, instant, money, text, tenantName } from '../scalars.js';
import {
  invoice,
  INVOICE_STATES,
  invoiceLine,
  invoiceSummary,
  payment,
  pdf,
  unitPrice,
  units,
  wholeText,
} from './bill.js';
import { moment, ofTenant, positiveAmount, reason } from './plans.js';

export const slug = z.string().meta({ examples: ['acme'] });
const actor = z.string().meta({ examples: ['operator:01931b6e-3c00-7a00-8000-000000000001'] });
const doubt = z
  .string()
  .nullable()
  .meta({ description: 'Why a person must look at it first', examples: ['far_above_usual'] });

const deskInvoice = invoiceSummary.extend({ tenant_id: id, tenant: slug, doubt }).meta({ id: 'DeskInvoiceSummary' });
const creditNote = z.object({
  id,
  number: z
    .int()
    .positive()
    .meta({ examples: [17] }),
  kind: z.enum(['credit', 'write_off']),
  amount: money,
  at: instant,
  actor,
  reason: z.string().meta({ examples: ['agreed with the owner'] }),
});
const deskPayment = payment
  .extend({
    tenant_id: id,
    tenant: slug,
    provider: z.string().meta({ examples: ['manual'] }),
    reference: z.string().meta({ examples: ['E00416968202611201432'] }),
    recorded_at: instant,
    actor,
    reason: z
      .string()
      .nullable()
      .meta({ examples: ['bank statement of 20 November'] }),
  })
  .meta({ id: 'DeskPayment' });
const fullInvoice = invoice
  .extend({ tenant_id: id, tenant: slug, doubt, payments: z.array(payment), credit_notes: z.array(creditNote) })
  .meta({ id: 'DeskInvoice' });

const ofInvoice = { ...operator, tag: 'Invoices', params: idParams } as const;
const decision = { ...ofInvoice, method: 'POST', status: 200, response: fullInvoice } as const;

export const listInvoices = operation({
  ...operator,
  id: 'listInvoices',
  method: 'GET',
  path: '/invoices',
  tag: 'Invoices',
  summary: 'List invoices of all stores, newest first',
  command: 'invoices list',
  query: pageQuery.extend({ tenant: tenantName.optional(), status: z.enum(INVOICE_STATES).optional() }),
  response: page(deskInvoice),
  errors: ['account_not_found'],
});

export const showInvoice = operation({
  ...ofInvoice,
  id: 'showInvoice',
  method: 'GET',
  path: '/invoices/:id',
  summary: 'Read one invoice with its lines, payments and credit notes',
  command: 'invoices show',
  response: fullInvoice,
  errors: ['invoice_not_found'],
});

export const getInvoicePdf = operation({
  ...ofInvoice,
  id: 'getInvoicePdf',
  method: 'GET',
  path: '/invoices/:id/pdf',
  summary: 'The invoice as it is printed',
  response: pdf,
  mediaType: 'application/pdf',
  errors: ['invoice_not_found'],
});

const exact = z.string().regex(/^-?\d{1,30}(\.\d{1,9})?$/);

const usageEvent = z.object({
  id: z
    .uuid()
    .meta({ description: 'Of the event that was counted', examples: ['01931b6e-3c00-7a00-8000-000000000031'] }),
  occurred_at: instant,
  received_at: instant,
  subject: z.string().meta({ examples: ['order/01931b6e-3c00-7a00-8000-000000000005'] }),
  quantity: wholeText,
});

const explainedLine = invoiceLine
  .extend({
    is_reproduced: z.boolean().meta({ description: 'Whether the line follows from what is recorded' }),
    expected: money.nullable().meta({ description: 'What it comes to when it is made again' }),
    from: instant.nullable(),
    until: instant.nullable(),
    days: z
      .string()
      .nullable()
      .meta({ description: 'Days under this plan, of the period’s', examples: ['30/30'] }),
    usage: z
      .object({
        counting: z.enum(['sum', 'distinct', 'max']),
        used: wholeText.meta({ description: 'What was known when the invoice was made' }),
        came_later: units.meta({ description: 'Events that were received afterwards', examples: [0] }),
        included: wholeText,
        soft_limit: wholeText,
        hard_limit: wholeText,
        billable_from: z.enum(['soft', 'included']),
        billed_units: wholeText.meta({ description: 'Beyond the free room, earlier invoices of the period included' }),
        billed_before: wholeText.meta({ description: 'Of these, on earlier invoices' }),
        unit_price: unitPrice,
        exact_amount: exact.meta({
          description: 'Of the billed units, before it is rounded half up, once',
          examples: ['30.004'],
        }),
        rounding: exact.meta({ description: 'What rounding has added or taken', examples: ['-0.004'] }),
        events: z.array(usageEvent),
        events_in_all: units.meta({ examples: [1500] }),
      })
      .nullable(),
  })
  .meta({ id: 'ExplainedLine' });

export const explainInvoice = operation({
  ...ofInvoice,
  id: 'explainInvoice',
  method: 'GET',
  path: '/invoices/:id/explain',
  summary: 'Why an invoice says what it says, line by line down to the events',
  command: 'invoices explain',
  query: z.strictObject({
    events: z.coerce
      .number()
      .int()
      .min(0)
      .max(1000)
      .default(50)
      .meta({ description: 'How many events of each line to show, oldest first' }),
  }),
  response: deskInvoice
    .extend({
      is_reproduced: z.boolean(),
      lines: z.array(explainedLine),
      reckoning: z
        .array(z.string().meta({ examples: ['used 1,500 (1,500 events, summed)'] }))
        .meta({ description: 'The same in words' }),
    })
    .meta({ id: 'ExplainedInvoice' }),
  errors: ['invoice_not_found'],
});

export const approveInvoice = operation({
  ...decision,
  id: 'approveInvoice',
  path: '/invoices/:id/approve',
  summary: 'Issue an invoice that waits for a person',
  command: 'invoices approve',
  body: z.strictObject({ reason }),
  errors: ['invoice_not_found', 'invoice_not_waiting'],
});

export const rejectInvoice = operation({
  ...decision,
  id: 'rejectInvoice',
  path: '/invoices/:id/reject',
  summary: 'Void an invoice that waits for a person: it was never issued, and its usage is not billed again',
  command: 'invoices reject',
  body: z.strictObject({ reason }),
  errors: ['invoice_not_found', 'invoice_not_waiting'],
});

export const creditInvoice = operation({
  ...decision,
  id: 'creditInvoice',
  path: '/invoices/:id/credit',
  summary: 'Credit an issued invoice, whole or in part; what was paid on it already counts towards the next',
  command: 'invoices credit',
  body: z.strictObject({
    amount: positiveAmount.optional().meta({ description: 'All that is not credited yet unless given' }),
    reason,
  }),
  errors: ['invoice_not_found', 'invoice_not_issued', 'credit_exceeds_invoice', 'invalid_amount'],
});

export const writeOffInvoice = operation({
  ...decision,
  id: 'writeOffInvoice',
  path: '/invoices/:id/write-off',
  summary: 'Give up what is owed on an invoice',
  command: 'invoices write-off',
  body: z.strictObject({ reason }),
  errors: ['invoice_not_found', 'invoice_not_issued', 'nothing_owed'],
});

const movement = {
  amount: positiveAmount,
  means: z.enum(['transfer', 'pix', 'cash']),
  reference: text(200).meta({
    description: 'The bank’s name for it; the same reference is the same payment, however often it is recorded',
    examples: ['E00416968202611201432'],
  }),
  at: moment.optional().meta({ description: 'Now unless given', examples: ['2026-11-20'] }),
  reason,
};

export const recordPayment = operation({
  ...decision,
  id: 'recordPayment',
  path: '/invoices/:id/payments',
  tag: 'Payments',
  summary: 'Record money that came in; a suspended store that owes nothing any more has its access back at once',
  command: 'payments record',
  body: z.strictObject(movement),
  errors: [
    'invoice_not_found',
    'invoice_not_issued',
    'invalid_amount',
    'payment_in_the_future',
    'payment_reference_taken',
  ],
});

export const recordRefund = operation({
  ...decision,
  id: 'recordRefund',
  path: '/invoices/:id/refunds',
  tag: 'Payments',
  summary:
    'Record money that went back: first what was overpaid on the invoice; for the rest it is owed again unless it is credited as well',
  command: 'payments refund',
  body: z.strictObject(movement),
  errors: [
    'invoice_not_found',
    'invoice_not_issued',
    'invalid_amount',
    'payment_in_the_future',
    'payment_reference_taken',
    'refund_exceeds_payments',
  ],
});

export const refundSurplus = operation({
  ...operator,
  id: 'refundSurplus',
  method: 'POST',
  path: '/billing/accounts/:tenant/refund-surplus',
  status: 200,
  tag: 'Payments',
  summary: 'Record that what a store has overpaid went back to it, instead of into its next invoice',
  description:
    'By hand. What goes back to a card is refunded at the payment provider: its message lowers what is overpaid in the same way.',
  command: 'payments refund-surplus',
  params: ofTenant,
  body: z.strictObject({
    ...movement,
    amount: positiveAmount.optional().meta({ description: 'All that is overpaid unless given' }),
  }),
  response: z.object({
    tenant_id: id,
    tenant: slug,
    surplus: money.meta({ description: 'What is left of it' }),
    currency,
  }),
  errors: [
    'account_not_found',
    'nothing_overpaid',
    'invalid_amount',
    'refund_exceeds_surplus',
    'payment_in_the_future',
    'payment_reference_taken',
  ],
});

export const listPayments = operation({
  ...operator,
  id: 'listPayments',
  method: 'GET',
  path: '/payments',
  tag: 'Payments',
  summary: 'List money that moved, newest first',
  command: 'payments list',
  query: pageQuery.extend({ tenant: tenantName.optional() }),
  response: page(deskPayment),
  errors: ['account_not_found'],
});

export const listBillingMonths = operation({
  ...operator,
  id: 'listBillingMonths',
  method: 'GET',
  path: '/billing/months',
  tag: 'Invoices',
  summary: 'What was invoiced month by month, and how it differs from the month before',
  command: 'billing months',
  query: z.strictObject({
    months: z.coerce
      .number()
      .int()
      .min(1)
      .max(120)
      .default(13)
      .meta({ description: 'How many, the running one included' }),
  }),
  response: page(
    z.object({
      month: z.string().meta({ description: 'In UTC', examples: ['2026-11'] }),
      currency,
      invoices: units.meta({ examples: [980] }),
      total: money,
      difference: money.nullable().meta({ description: 'To the month before; null for the first' }),
    }),
  ),
});
