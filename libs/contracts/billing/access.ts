/** The operator's decisions about access, and the passes with the tenants that they leave out. */
import { z } from 'zod';
import { operation, operator, page, pageQuery } from '../operation.js';
import { id, instant, tenantName } from '../scalars.js';
import { access, billingPeriod, meter, wholeText } from './bill.js';
import { slug } from './invoicing.js';
import { moment, ofTenant, reason } from './plans.js';
import { email } from '../identity/operations.js';

const standing = access.extend({ tenant_id: id, tenant: slug }).meta({ id: 'DeskAccess' });
const ofAccess = {
  ...operator,
  method: 'POST',
  status: 200,
  tag: 'Access',
  params: ofTenant,
  response: standing,
} as const;

export const extendGrace = operation({
  ...ofAccess,
  id: 'extendGrace',
  path: '/billing/accounts/:tenant/extend',
  summary: 'Give a store in grace more time to pay',
  command: 'billing extend',
  body: z.strictObject({ until: moment, reason }),
  errors: ['account_not_found', 'nothing_to_extend', 'extension_not_later'],
});

export const nameBillingEmail = operation({
  ...ofAccess,
  id: 'nameBillingEmail',
  path: '/billing/accounts/:tenant/email',
  summary: 'Name the address that notices go to, instead of the store’s first owner’s',
  command: 'billing set-email',
  body: z.strictObject({ email, reason }),
  errors: ['account_not_found'],
});

const cause = z.enum(['admin', 'fraud']);

export const holdAccount = operation({
  ...ofAccess,
  id: 'holdAccount',
  path: '/billing/accounts/:tenant/hold',
  summary: 'Make a store read-only until a person lifts this hold; paying does not',
  command: 'billing hold',
  body: z.strictObject({ cause, reason }),
  errors: ['account_not_found', 'hold_exists'],
});

export const unholdAccount = operation({
  ...ofAccess,
  id: 'unholdAccount',
  path: '/billing/accounts/:tenant/unhold',
  summary: 'Lift a hold that a person has placed',
  command: 'billing unhold',
  body: z.strictObject({ cause, reason }),
  errors: ['account_not_found', 'hold_not_found'],
});

export const confirmClosing = operation({
  ...ofAccess,
  id: 'confirmClosing',
  path: '/billing/accounts/:tenant/confirm-closing',
  summary: 'Let a suspended store be closed for good once its suspension is old enough',
  command: 'billing confirm-closing',
  body: z.strictObject({ reason }),
  errors: ['account_not_found', 'nothing_to_close'],
});

const passName = z.enum(['billing-overage', 'billing-grace', 'billing-reconcile']);

export const listParked = operation({
  ...operator,
  id: 'listParked',
  method: 'GET',
  path: '/billing/parked',
  tag: 'Access',
  summary: 'List stores that a pass leaves out because it failed on them',
  command: 'billing parked',
  query: pageQuery.omit({ cursor: true }),
  response: page(
    z.object({
      tenant_id: id,
      tenant: slug.nullable(),
      pass: passName,
      reason: z.string().meta({ examples: ['The last period does not end on the subscription’s anchor.'] }),
      since: instant,
    }),
  ),
});

export const releaseParked = operation({
  ...operator,
  id: 'releaseParked',
  method: 'POST',
  path: '/billing/parked/:tenant/release',
  status: 200,
  tag: 'Access',
  summary: 'Let the passes work on a store again',
  command: 'billing release',
  params: ofTenant,
  body: z.strictObject({ pass: passName.optional().meta({ description: 'All of them unless given' }), reason }),
  response: z.object({ tenant_id: id, released: z.array(passName) }),
  errors: ['account_not_found', 'not_parked'],
});

export const listUnbilledUsage = operation({
  ...operator,
  id: 'listUnbilledUsage',
  method: 'GET',
  path: '/billing/unbilled-usage',
  tag: 'Access',
  summary: 'List usage that came so late that no pass bills it any more; a person may credit or invoice it otherwise',
  command: 'billing unbilled-usage',
  query: pageQuery.omit({ cursor: true }).extend({ tenant: tenantName.optional() }),
  response: page(
    z.object({
      tenant_id: id,
      tenant: slug,
      period: billingPeriod,
      meter,
      events: z
        .int()
        .positive()
        .meta({ examples: [3] }),
      quantity: wholeText,
      received_first_at: instant,
      received_last_at: instant,
    }),
  ),
  errors: ['account_not_found'],
});

export const listBillingRuns = operation({
  ...operator,
  id: 'listBillingRuns',
  method: 'GET',
  path: '/billing/runs',
  tag: 'Access',
  summary: 'List the runs of the passes, newest first, with what each counted',
  command: 'billing runs',
  query: pageQuery.extend({ pass: passName.optional() }),
  response: page(
    z.object({
      id,
      pass: passName,
      as_of: instant,
      host: z.string().meta({ examples: ['droplet-1'] }),
      version: z.string().meta({ examples: ['1.4.0'] }),
      started_at: instant,
      finished_at: instant.nullable().meta({ description: 'Null: it is running, or it broke off' }),
      counts: z.record(z.string(), z.int()).meta({ examples: [{ tenants: 1000, invoices: 980 }] }),
    }),
  ),
});
