/** A store's view of its own bill, and the schemas that the operator's side shares with it. */
import { z } from 'zod';
import { ACCOUNT_STATES } from './events.js';
import { METERS } from '../meters.js';
import { idParams, operation, page, pageQuery } from '../operation.js';
import { currency, date, id, instant, money } from '../scalars.js';
import { ownCap } from '../entitlements/operations.js';

export const meter = z.enum(METERS);
export const INVOICE_STATES = ['draft', 'needs_approval', 'issued', 'paid', 'void', 'uncollectible'] as const;
export const LINE_KINDS = ['base', 'overage', 'adjustment', 'carry', 'surplus'] as const;
export const FACT_KINDS = [
  'payment',
  'refund',
  'dispute',
  'dispute_won',
  'surplus',
  'carried',
  'surplus_refund',
] as const;
export const HOLD_CAUSES = ['billing', 'admin', 'fraud'] as const;

export const units = z.int().nonnegative();
export const unitPrice = z
  .string()
  .regex(/^\d{1,19}(\.\d{1,9})?$/)
  .meta({ description: 'Price of one unit in the currency’s major unit', examples: ['0.10'] });
export const wholeText = z
  .string()
  .regex(/^-?\d{1,30}$/)
  .meta({ description: 'A whole number as text; it may be larger than JSON numbers are exact', examples: ['300'] });

export const planName = z.string().meta({ examples: ['standard'] });

export const interval = z.enum(['month', 'year']);

export const billingPeriod = z
  .object({ seq: units.meta({ examples: [3] }), starts_at: instant, ends_at: instant })
  .meta({ id: 'BillingPeriod', description: 'From `starts_at` until just before `ends_at`' });

export const invoiceLine = z
  .object({
    line: z.int().positive(),
    kind: z.enum(LINE_KINDS),
    meter: meter.nullable(),
    plan: planName.nullable(),
    quantity: wholeText,
    unit_price: z
      .string()
      .regex(/^-?\d{1,30}(\.\d{1,9})?$/)
      .meta({ examples: ['0.10'] }),
    amount: money,
  })
  .meta({ id: 'BillingInvoiceLine' });

export const invoiceSummary = z
  .object({
    id,
    number: z
      .int()
      .positive()
      .nullable()
      .meta({ description: 'Null until it is issued', examples: [1042] }),
    status: z.enum(INVOICE_STATES),
    revision: units.meta({ description: 'Above 0: corrects the first invoice of the same period', examples: [0] }),
    period: billingPeriod,
    currency,
    total: money,
    paid: money,
    credited: money,
    owed: money,
    issued_at: instant.nullable(),
    due_at: instant.nullable(),
    settled_at: instant.nullable(),
    created_at: instant,
  })
  .meta({ id: 'BillingInvoiceSummary' });

export const invoice = invoiceSummary.extend({ lines: z.array(invoiceLine) }).meta({ id: 'BillingInvoice' });

export const payment = z
  .object({
    id,
    invoice_id: id,
    invoice_number: z
      .int()
      .positive()
      .meta({ examples: [1042] }),
    kind: z.enum(FACT_KINDS),
    amount: money,
    currency,
    means: z.string().meta({ examples: ['pix'] }),
    at: instant,
  })
  .meta({ id: 'BillingPayment' });

export const access = z
  .object({
    state: z.enum(ACCOUNT_STATES),
    trial_ends_at: instant.nullable(),
    grace_ends_at: instant.nullable().meta({ description: 'The store becomes read-only then, unless it has paid' }),
    holds: z.array(z.enum(HOLD_CAUSES)),
    past_due: money.meta({ description: 'Owed on invoices whose due date is over' }),
  })
  .meta({ id: 'BillingAccess' });

export const threshold = z
  .object({
    percent: units.meta({ description: 'Of what the plan includes', examples: [120] }),
    units: units.meta({ examples: [1200] }),
    limited_by: z
      .enum(['plan', 'own_cap'])
      .meta({ description: 'Whose limit it is; the store’s own is named where it is lower than the plan’s' }),
    effect: z.enum(['none', 'billed', 'refused']).meta({
      description:
        'What happens to use beyond it. People, calls and megabytes are refused nowhere: beyond the hard limit they are not billed',
    }),
    is_reached: z.boolean(),
    on: date.nullable().meta({ description: 'The day it will be reached at this pace; null if not in this period' }),
  })
  .meta({ id: 'UsageThreshold' });

export const meterUsage = z
  .object({
    meter,
    used: units.meta({ examples: [801] }),
    included: units.meta({ examples: [1000] }),
    unit_price: unitPrice,
    own_cap: ownCap
      .nullable()
      .meta({ description: 'The store’s own limit, if it has set one: `PUT /usage/caps/{meter}`' }),
    expected: units.meta({
      description:
        'At the end of the period, at this pace; never beyond what is refused, by the plan or the store’s own cap',
      examples: [1500],
    }),
    thresholds: z.array(threshold),
  })
  .meta({ id: 'MeterUsage' });

export const nextInvoice = z
  .object({
    expected_on: date.meta({ description: 'In the store’s zone' }),
    total_so_far: money.meta({ description: 'If the period ended now' }),
    ceiling: money.meta({ description: 'The plan’s highest possible bill for one whole period' }),
    lines: z.array(invoiceLine.omit({ line: true })),
  })
  .meta({ id: 'NextInvoice' });

export const subscribedPlan = z
  .object({
    code: planName,
    version: z.int().positive(),
    base_price: money,
    interval,
    follows: z
      .object({ code: planName, version: z.int().positive(), from: instant })
      .nullable()
      .meta({ description: 'The plan that takes its place later' }),
  })
  .meta({ id: 'SubscribedPlan' });

export const paymentMethod = z
  .object({
    provider: z.string().meta({ examples: ['stripe'] }),
    label: z.string().meta({ examples: ['Visa 4242'] }),
    card: z
      .object({
        brand: z.string().meta({ examples: ['visa'] }),
        last4: z
          .string()
          .regex(/^\d{4}$/)
          .meta({ examples: ['4242'] }),
        expires_on: z
          .string()
          .regex(/^\d{4}-\d{2}$/)
          .meta({ description: 'The last month in which it can be charged', examples: ['2029-08'] }),
      })
      .nullable()
      .meta({ description: 'Null for a method that the operator has named' }),
    added_at: instant,
  })
  .meta({ id: 'OwnPaymentMethod', description: 'What invoices are charged to' });

export const billing = z
  .object({
    currency: currency.nullable(),
    plan: subscribedPlan.nullable(),
    period: billingPeriod.nullable(),
    ends_at: instant.nullable().meta({ description: 'Of a cancelled subscription: when it ends' }),
    access,
    next_invoice: nextInvoice.nullable(),
    payment_method: paymentMethod.nullable().meta({ description: 'Null: invoices are paid by transfer, Pix or cash' }),
    usage: z.array(meterUsage),
  })
  .meta({ id: 'Billing' });

/** Reading stays possible while a store is suspended: it must see what it owes. */
const own = { tag: 'Billing', access: 'billing.read', isOpenWhenSuspended: true } as const;

export const getBilling = operation({
  ...own,
  id: 'getBilling',
  method: 'GET',
  path: '/billing',
  summary: 'What the store’s plan is, what it has used of it, and what the next invoice will say',
  description:
    'Use beyond 100 % of what is included is free up to 120 %, billed at the unit price up to 150 %, and refused beyond; of people, calls and megabytes nothing is refused, and nothing beyond is billed. Orders and quotes are refused earlier where the store’s own cap is lower: it stands among the thresholds, with the day on which it will be reached. Empty for a store without a plan.',
  response: billing,
});

export const listOwnInvoices = operation({
  ...own,
  id: 'listOwnInvoices',
  method: 'GET',
  path: '/invoices',
  summary: 'List the store’s invoices, newest first',
  query: pageQuery,
  response: page(invoiceSummary),
});

export const getOwnInvoice = operation({
  ...own,
  id: 'getOwnInvoice',
  method: 'GET',
  path: '/invoices/:id',
  summary: 'Read one invoice with its lines',
  params: idParams,
  response: invoice,
  errors: ['invoice_not_found'],
});

/** The bytes of a PDF file; its schema shows text, because that is what a JSON document can show. */
export const pdf = z
  .custom<string | Uint8Array>((value) => typeof value === 'string' || value instanceof Uint8Array)
  .meta({ type: 'string', format: 'binary', examples: ['%PDF-1.3'] });

export const getOwnInvoicePdf = operation({
  ...own,
  id: 'getOwnInvoicePdf',
  method: 'GET',
  path: '/invoices/:id/pdf',
  summary: 'The invoice as it is printed',
  params: idParams,
  response: pdf,
  mediaType: 'application/pdf',
  errors: ['invoice_not_found'],
});

export const listOwnPayments = operation({
  ...own,
  id: 'listOwnPayments',
  method: 'GET',
  path: '/payments',
  summary: 'List what the store has paid and what went back, newest first',
  query: pageQuery,
  response: page(payment),
});
