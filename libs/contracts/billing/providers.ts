/** The payment provider that charges cards for the operator: its keys, and its messages. */
import { z } from 'zod';
import { operation } from '../operation.js';
import { id, instant, text } from '../scalars.js';
import { ofTenant } from './plans.js';

const PROVIDERS = ['stripe'] as const;

const ofProvider = z.strictObject({ provider: z.enum(PROVIDERS) });

const provider = z
  .object({
    name: z.enum(PROVIDERS),
    added_at: instant,
    added_by: z.string().meta({ examples: ['operator:cli:ana'] }),
  })
  .meta({ id: 'PaymentProvider', description: 'Its keys are sealed at rest and never shown' });

const operator = { audience: 'operator', tag: 'Payments' } as const;

export const setUpProvider = operation({
  ...operator,
  id: 'setUpPaymentProvider',
  method: 'PUT',
  path: '/payment-providers/:provider',
  access: 'signed_in',
  summary: 'Let a payment provider charge the stores’ cards; replaces its keys',
  command: 'providers set-up',
  params: ofProvider,
  body: z.strictObject({
    api_key: text(500).meta({
      description: 'Secret key of the account that receives the money',
      examples: ['sk_live_…'],
    }),
    webhook_secret: text(500).meta({
      description: 'By which its messages are known to be its own',
      examples: ['whsec_…'],
    }),
    reason: text(500).meta({ examples: ['the account is open'], description: 'Why; kept in the audit' }),
  }),
  response: provider,
});

export const listProviders = operation({
  ...operator,
  id: 'listPaymentProviders',
  method: 'GET',
  path: '/payment-providers',
  access: 'signed_in',
  summary: 'List the payment providers that are set up',
  command: 'providers list',
  response: z.object({ data: z.array(provider) }),
});

export const hearProvider = operation({
  ...operator,
  id: 'hearPaymentProvider',
  method: 'POST',
  path: '/webhooks/:provider',
  access: 'public',
  status: 200,
  summary:
    'Take a payment provider’s message: signature checked, stored, answered; acted upon by the next billing-reconcile pass',
  description: 'The signature covers the body byte by byte; a repeated message is answered alike and stored once.',
  params: ofProvider,
  body: z.record(z.string(), z.unknown()),
  response: z.object({ is_new: z.boolean() }),
  errors: ['webhook_not_authentic', 'provider_not_set_up'],
});

const method = z
  .object({
    tenant_id: id,
    id,
    provider: z.enum(PROVIDERS),
    label: z.string().meta({ examples: ['Visa 4242'] }),
    added_at: instant,
  })
  .meta({ id: 'PaymentMethod', description: 'What the passes charge for a store' });

export const namePaymentMethod = operation({
  ...operator,
  id: 'namePaymentMethod',
  method: 'POST',
  path: '/payment-methods/:tenant',
  access: 'signed_in',
  status: 200,
  summary: 'Charge a store’s invoices to this method from now on; a declined charge is tried with it at the next pass',
  command: 'payments set-method',
  params: ofTenant,
  body: z.strictObject({
    provider: z.enum(PROVIDERS).default('stripe'),
    reference: z
      .string()
      .regex(/^cus_\w+\/pm_\w+$/, 'must be a customer and its payment method, as in cus_…/pm_…')
      .meta({
        description: 'The provider’s names for the customer and its saved method',
        examples: ['cus_Qx1/pm_1Px2'],
      }),
    label: text(60).meta({ description: 'The name that people see', examples: ['Visa 4242'] }),
    reason: text(500).meta({ examples: ['the owner sent a new card'], description: 'Why; kept in the audit' }),
  }),
  response: method,
  errors: ['account_not_found', 'provider_not_set_up'],
});

export const removePaymentMethod = operation({
  ...operator,
  id: 'removePaymentMethod',
  method: 'POST',
  path: '/payment-methods/:tenant/remove',
  access: 'signed_in',
  status: 200,
  summary: 'Charge a store’s invoices no more: they are paid by transfer, Pix or cash',
  command: 'payments remove-method',
  params: ofTenant,
  body: z.strictObject({
    reason: text(500).meta({ examples: ['asked for by the owner'], description: 'Why; kept in the audit' }),
  }),
  response: method,
  errors: ['account_not_found', 'payment_method_not_found'],
});
