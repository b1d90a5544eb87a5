/** The events of billing for the other rooms. The aggregate is the tenant's billing account; its id is the tenant's. */
import { z } from 'zod';
import { defineEvent } from '../event.js';
import { METERS } from '../meters.js';
import { currency, id, instant, money } from '../scalars.js';

export const ACCOUNT_STATES = ['trialing', 'active', 'grace', 'suspended', 'closed'] as const;

const meter = z.enum(METERS);
const count = z.int().nonnegative();
const period = z.object({ starts_at: instant, ends_at: instant });
const examplePeriod = { starts_at: '2026-11-01T03:00:00.000Z', ends_at: '2026-12-01T03:00:00.000Z' };

export const entitlementsChanged = defineEvent({
  type: 'account.entitlements_changed',
  version: 1,
  aggregate: 'account',
  summary: 'What a tenant may use in the named periods; replaces what was said of them before.',
  data: z.object({
    plan: z.string(),
    periods: z.array(
      period.extend({
        meters: z.array(
          z.object({
            meter,
            included: count,
            soft: count,
            hard: count,
            /** Billing's counts of the period so far, if the period is announced while it runs. */
            used: count.optional(),
          }),
        ),
      }),
    ),
  }),
  example: {
    plan: 'standard',
    periods: [{ ...examplePeriod, meters: [{ meter: 'orders', included: 1000, soft: 1200, hard: 1500 }] }],
  },
});

export const usageCounted = defineEvent({
  type: 'account.usage_counted',
  version: 1,
  aggregate: 'account',
  summary: 'How much of each meter a tenant has used in a period, as billing counts it by now.',
  data: z.object({ period, meters: z.array(z.object({ meter, used: count })) }),
  example: { period: examplePeriod, meters: [{ meter: 'api_calls', used: 48_211 }] },
});

export const accessChanged = defineEvent({
  type: 'account.access_changed',
  version: 1,
  aggregate: 'account',
  summary: 'A tenant’s access moved on its ladder, or a hold was placed or lifted.',
  data: z.object({
    from: z.enum(ACCOUNT_STATES),
    to: z.enum(ACCOUNT_STATES),
    cause: z.string(),
    allows: z.object({
      sign_in: z.boolean(),
      read: z.boolean(),
      export: z.boolean(),
      pay: z.boolean(),
      write: z.boolean(),
      metered_operations: z.boolean(),
      webhooks_and_keys: z.boolean(),
    }),
    grace_ends_at: instant.nullable(),
  }),
  example: {
    from: 'grace',
    to: 'suspended',
    cause: 'grace_elapsed',
    allows: {
      sign_in: true,
      read: true,
      export: true,
      pay: true,
      write: false,
      metered_operations: false,
      webhooks_and_keys: false,
    },
    grace_ends_at: null,
  },
});

export const usageLimitReached = defineEvent({
  type: 'account.usage_limit_reached',
  version: 1,
  aggregate: 'account',
  summary: 'A meter passed 80, 100, 120 or 150 percent of what the plan includes; once per period.',
  data: z.object({ meter, percent: z.int(), used: count, included: count, period }),
  example: { meter: 'orders', percent: 80, used: 801, included: 1000, period: examplePeriod },
});

const invoice = z.object({ invoice_id: id, number: z.int().positive(), total: money, currency });
const exampleInvoice = {
  invoice_id: '01931b6e-3c00-7a00-8000-00000000000c',
  number: 1042,
  total: '199.00',
  currency: 'BRL',
};

export const invoiceIssued = defineEvent({
  type: 'account.invoice_issued',
  version: 1,
  aggregate: 'account',
  summary: 'An invoice was issued and will not change any more.',
  data: invoice.extend({ due_at: instant }),
  example: { ...exampleInvoice, due_at: '2026-12-08T03:00:00.000Z' },
});

export const invoiceSettled = defineEvent({
  type: 'account.invoice_settled',
  version: 1,
  aggregate: 'account',
  summary: 'Nothing is owed on an invoice any more.',
  data: invoice,
  example: exampleInvoice,
});
