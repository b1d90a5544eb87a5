/** The operator's plans, and which store is on which. */
import { z } from 'zod';
import { operation, operator, page, pageQuery } from '../operation.js';
import { currency, date, id, instant, money, text, tenantName } from '../scalars.js';
import {
  access,
  billingPeriod,
  interval,
  meter,
  meterUsage,
  nextInvoice,
  subscribedPlan,
  unitPrice,
  units,
} from './bill.js';

export const reason = text(500).meta({ examples: ['agreed with the owner'], description: 'Why; kept in the audit' });

export const positiveAmount = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,3})?$/, 'must be a decimal string, not negative')
  .meta({ description: 'Amount in the currency’s major unit', examples: ['199.00'] });

export const ofTenant = z.strictObject({ tenant: tenantName });

/** A day stands for its beginning in the store's zone: people write moments on a command line in this way. */
export const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .meta({ description: 'An instant, or a day of the store’s calendar', examples: ['2026-11-20'] });

const planCode = z
  .string()
  .max(40)
  .regex(/^[a-z0-9](-?[a-z0-9])*$/, 'must be lower-case letters, digits and single hyphens')
  .meta({ examples: ['standard'] });

/** `orders=1000@0.10`, and `:included` behind it if use is billed from the allowance on once it has left the free room. */
export const METER_TERMS =
  /^(orders|quotes|active_users|api_calls|stored_mb)=(\d{1,12})@(\d{1,9}(?:\.\d{1,9})?)(:included)?$/;

const meterTerms = z
  .string()
  .regex(METER_TERMS, 'must be a meter, what is included, and the price of one more, such as orders=1000@0.10')
  .meta({ examples: ['orders=1000@0.10'] });

const percent = z.int().min(100).max(1000);

const planMeter = z
  .object({
    meter,
    included: units.meta({ examples: [1000] }),
    soft: units.meta({ description: 'Billed beyond', examples: [1200] }),
    hard: units.meta({
      description: 'Orders and quotes are refused beyond; people, calls and megabytes are not billed beyond',
      examples: [1500],
    }),
    unit_price: unitPrice,
    billable_from: z.enum(['soft', 'included']),
  })
  .meta({ id: 'PlanMeter' });

export const plan = z
  .object({
    id,
    code: planCode,
    version: z.int().positive(),
    currency,
    base_price: money,
    ceiling: money.meta({
      description: 'The highest possible bill of one whole period, before tax',
      examples: ['229.00'],
    }),
    interval,
    trial_days: units.meta({ examples: [14] }),
    review_hours: units.meta({ description: 'How long an invoice waits for late usage', examples: [24] }),
    due_days: units.meta({ examples: [7] }),
    tolerance: money.meta({ description: 'A debt up to here starts no grace' }),
    minimum_charge: money.meta({ description: 'A smaller total is carried on to the next invoice' }),
    meters: z.array(planMeter),
    created_at: instant,
  })
  .meta({ id: 'Plan' });

export const createPlan = operation({
  ...operator,
  id: 'createPlan',
  method: 'POST',
  path: '/plans',
  tag: 'Plans',
  summary: 'Offer a plan, or the next version of one',
  description: 'A version never changes. Stores stay on theirs until they are moved.',
  command: 'plans create',
  body: z.strictObject({
    code: planCode,
    currency: currency.default('BRL'),
    base_price: positiveAmount,
    interval: interval.default('month'),
    trial_days: z.int().min(0).max(365).default(0),
    review_hours: z.int().min(0).max(720).default(24),
    due_days: z.int().min(0).max(90).default(0),
    tolerance: positiveAmount.default('0'),
    minimum_charge: positiveAmount.default('0'),
    meters: z
      .array(meterTerms)
      .max(5)
      .refine((all) => new Set(all.map((one) => one.split('=')[0])).size === all.length, 'must name each meter once')
      .default([]),
    soft_percent: percent.default(120).meta({ description: 'Of what is included: billed beyond' }),
    hard_percent: percent
      .default(150)
      .meta({ description: 'Of what is included: refused beyond, or not billed where nothing is refused' }),
    reason,
  }),
  response: plan,
  errors: ['invalid_amount', 'invalid_meter'],
});

export const listPlans = operation({
  ...operator,
  id: 'listPlans',
  method: 'GET',
  path: '/plans',
  tag: 'Plans',
  summary: 'List the newest version of each plan',
  command: 'plans list',
  query: pageQuery,
  response: page(
    plan.omit({ meters: true }).extend({ tenants: units.meta({ description: 'On any version', examples: [12] }) }),
  ),
});

export const showPlan = operation({
  ...operator,
  id: 'showPlan',
  method: 'GET',
  path: '/plans/:code',
  tag: 'Plans',
  summary: 'Read a plan: its versions, their limits and ceilings, and which stores are on each',
  command: 'plans show',
  params: z.strictObject({ code: planCode }),
  response: z.object({
    code: planCode,
    versions: z.array(
      plan.extend({ tenants: z.array(z.object({ id, slug: z.string().meta({ examples: ['acme'] }), from: instant })) }),
    ),
  }),
  errors: ['plan_not_found'],
});

export const subscription = z
  .object({
    tenant_id: id,
    tenant: z.string().meta({ examples: ['acme'] }),
    subscription_id: id,
    currency,
    plan: subscribedPlan,
    anchor_on: date,
    started_at: instant,
    cancel_at: instant.nullable(),
    ended_at: instant.nullable(),
    current_period: billingPeriod.nullable(),
    periods: z.array(billingPeriod.extend({ is_invoiced: z.boolean() })),
    next_invoice: nextInvoice.nullable(),
    access,
    surplus: money.meta({ description: 'Overpaid: the next invoice takes it up' }),
    carried: money.meta({ description: 'Too little to charge so far: the next invoice takes it up' }),
  })
  .meta({ id: 'Subscription' });

const ofSubscription = { ...operator, tag: 'Subscriptions', params: ofTenant, response: subscription } as const;

export const showSubscription = operation({
  ...ofSubscription,
  id: 'showSubscription',
  method: 'GET',
  path: '/subscriptions/:tenant',
  summary: 'Read a store’s subscription: plan, periods, access, and what the running period would cost now',
  command: 'subscriptions show',
  errors: ['account_not_found', 'subscription_not_found'],
});

export const showUsage = operation({
  ...operator,
  id: 'showUsage',
  method: 'GET',
  path: '/usage/:tenant',
  tag: 'Subscriptions',
  summary: 'Read what a store has used in the running period against its limits, and what happens when at this pace',
  command: 'usage show',
  params: ofTenant,
  response: z
    .object({
      tenant_id: id,
      tenant: z.string().meta({ examples: ['acme'] }),
      period: billingPeriod.nullable(),
      usage: z.array(meterUsage),
    })
    .meta({ id: 'StoreUsage' }),
  errors: ['account_not_found', 'subscription_not_found'],
});

const choice = {
  plan: planCode,
  version: z
    .int()
    .positive()
    .optional()
    .meta({ description: 'The newest unless given', examples: [1] }),
};

export const startSubscription = operation({
  ...ofSubscription,
  id: 'startSubscription',
  method: 'POST',
  path: '/subscriptions/:tenant/start',
  summary: 'Put a store on a plan, from now or from the end of the plan’s trial',
  command: 'subscriptions start',
  body: z.strictObject({
    ...choice,
    anchor: date.optional().meta({ description: 'The day its periods are counted from; today unless given' }),
    reason,
  }),
  errors: [
    'account_not_found',
    'account_closed',
    'plan_not_found',
    'plan_currency_differs',
    'subscription_exists',
    'anchor_out_of_range',
  ],
});

export const changeSubscriptionPlan = operation({
  ...ofSubscription,
  id: 'changeSubscriptionPlan',
  method: 'POST',
  path: '/subscriptions/:tenant/change-plan',
  status: 200,
  summary: 'Move a store to another plan: an upgrade now, a downgrade at the end of the period',
  command: 'subscriptions change-plan',
  body: z.strictObject({ ...choice, at: z.enum(['now', 'period-end']).default('now'), reason }),
  errors: [
    'account_not_found',
    'subscription_not_found',
    'subscription_cancelled',
    'plan_not_found',
    'plan_unchanged',
    'plan_currency_differs',
    'plan_interval_differs',
  ],
});

export const cancelSubscription = operation({
  ...ofSubscription,
  id: 'cancelSubscription',
  method: 'POST',
  path: '/subscriptions/:tenant/cancel',
  status: 200,
  summary: 'End a subscription with the period that runs',
  command: 'subscriptions cancel',
  body: z.strictObject({ reason }),
  errors: ['account_not_found', 'subscription_not_found', 'subscription_cancelled'],
});

export const resumeSubscription = operation({
  ...ofSubscription,
  id: 'resumeSubscription',
  method: 'POST',
  path: '/subscriptions/:tenant/resume',
  status: 200,
  summary: 'Take a cancellation back before the last period is over',
  command: 'subscriptions resume',
  body: z.strictObject({ reason }),
  errors: ['account_not_found', 'subscription_not_found', 'nothing_to_resume'],
});
