import { z } from 'zod';
import { TENANT_STATES } from './events.js';
import { idParams, operation, operator, page, pageQuery, type Tags } from '../operation.js';
import { ROLES } from '../roles.js';
import { currency, id, instant, text } from '../scalars.js';
import { email, password, reason, user } from '../identity/operations.js';

export const tags: Tags = {
  Store: { order: 20, description: 'The store itself.' },
  Tenants: { order: 200, description: 'The stores this installation serves.' },
};

export const tenant = z
  .object({
    id,
    slug: z.string().meta({ examples: ['acme'] }),
    legal_name: z.string().meta({ examples: ['Acme Materiais Ltda'] }),
    document: z
      .string()
      .nullable()
      .meta({ examples: ['11222333000181'] }),
    state: z.enum(TENANT_STATES),
    locale: z.string().meta({ examples: ['pt-BR'] }),
    time_zone: z.string().meta({ examples: ['America/Sao_Paulo'] }),
    currency,
    created_at: instant,
  })
  .meta({ id: 'Store' });

export const getTenant = operation({
  id: 'getTenant',
  method: 'GET',
  path: '/tenant',
  tag: 'Store',
  summary: 'Read one’s own store',
  access: 'tenant.read',
  response: tenant,
});

const slug = z
  .string()
  .max(63)
  .regex(/^[a-z0-9](-?[a-z0-9])*$/, 'must be lower-case letters, digits and single hyphens')
  .meta({ examples: ['acme'] });

const timeZone = z
  .string()
  .refine(
    (value) => Intl.supportedValuesOf('timeZone').includes(value) || value === 'UTC',
    'must be an IANA time zone',
  );

export const createTenant = operation({
  ...operator,
  id: 'createTenant',
  method: 'POST',
  path: '/tenants',
  tag: 'Tenants',
  summary: 'Set up a store and its owner',
  command: 'tenants create',
  body: z.strictObject({
    slug,
    legal_name: text(200).meta({ examples: ['Acme Materiais Ltda'] }),
    owner_email: email,
    owner_name: text(200).meta({ examples: ['Ana Souza'] }),
    owner_password: password.optional().meta({ description: 'Made and shown once unless given' }),
    document: text(20)
      .optional()
      .meta({ examples: ['11.222.333/0001-81'] }),
    locale: z.enum(['pt-BR', 'en', 'es']).default('pt-BR'),
    time_zone: timeZone.default('America/Sao_Paulo'),
    currency: currency.default('BRL'),
  }),
  response: tenant.extend({
    owner: z.object({
      id,
      email: z.string().meta({ examples: ['ana@acme.test'] }),
      password: z
        .string()
        .nullable()
        .meta({ examples: ['Vt3-quiet-Harbor-91'] }),
    }),
  }),
  answersWithSecret: true,
  errors: ['slug_taken', 'slug_reserved'],
});

export const listTenants = operation({
  ...operator,
  id: 'listTenants',
  method: 'GET',
  path: '/tenants',
  tag: 'Tenants',
  summary: 'List stores, newest first',
  command: 'tenants list',
  query: pageQuery.extend({ state: z.enum(TENANT_STATES).optional(), search: text(100).optional() }),
  response: page(tenant),
});

export const showTenant = operation({
  ...operator,
  id: 'showTenant',
  method: 'GET',
  path: '/tenants/:tenant',
  tag: 'Tenants',
  summary: 'Read one store, by slug or id',
  command: 'tenants show',
  params: z.strictObject({ tenant: text(63).meta({ examples: ['acme'] }) }),
  response: tenant,
  errors: ['tenant_not_found'],
});

const stateChange = <const Id extends string, const Verb extends string>(id: Id, verb: Verb, summary: string) =>
  operation({
    ...operator,
    id,
    method: 'POST',
    path: `/tenants/:tenant/${verb}`,
    tag: 'Tenants',
    status: 200,
    summary,
    command: `tenants ${verb}`,
    params: z.strictObject({ tenant: text(63).meta({ examples: ['acme'] }) }),
    body: z.strictObject({ reason }),
    response: tenant,
    errors: ['tenant_not_found', 'invalid_transition'],
  });

export const suspendTenant = stateChange(
  'suspendTenant',
  'suspend',
  'Suspend a store: reading and paying stay possible',
);
export const reactivateTenant = stateChange('reactivateTenant', 'reactivate', 'Give a suspended store its writes back');
export const closeTenant = stateChange('closeTenant', 'close', 'Close a store: no one can sign in afterwards');

const ofTenant = z.strictObject({ tenant: text(63).meta({ examples: ['acme'] }) });
const ofUser = z.strictObject({ tenant: text(63).meta({ examples: ['acme'] }), id: idParams.shape.id });

export const listTenantUsers = operation({
  ...operator,
  id: 'listTenantUsers',
  method: 'GET',
  path: '/tenants/:tenant/users',
  tag: 'People',
  summary: 'List a store’s people',
  command: 'users list',
  params: ofTenant,
  query: pageQuery,
  response: page(user),
  errors: ['tenant_not_found'],
});

export const createTenantUser = operation({
  ...operator,
  id: 'createTenantUser',
  method: 'POST',
  path: '/tenants/:tenant/users',
  tag: 'People',
  summary: 'Give a person access to a store',
  command: 'users create',
  params: ofTenant,
  body: z.strictObject({
    email,
    name: text(200).meta({ examples: ['Ana Souza'] }),
    roles: z.array(z.enum(ROLES)).min(1),
    password: password.optional().meta({ description: 'Made and shown once unless given' }),
    reason,
  }),
  response: user.extend({
    password: z
      .string()
      .nullable()
      .meta({ examples: ['Vt3-quiet-Harbor-91'] }),
  }),
  answersWithSecret: true,
  errors: ['tenant_not_found', 'email_taken'],
});

export const resetTenantUserPassword = operation({
  ...operator,
  id: 'resetTenantUserPassword',
  method: 'POST',
  path: '/tenants/:tenant/users/:id/reset-password',
  tag: 'People',
  status: 200,
  summary: 'Give a person a new password, shown once; ends their sessions',
  command: 'users reset-password',
  params: ofUser,
  body: z.strictObject({ reason }),
  response: user.extend({ password: z.string().meta({ examples: ['Vt3-quiet-Harbor-91'] }) }),
  answersWithSecret: true,
  errors: ['tenant_not_found', 'user_not_found'],
});

export const deactivateTenantUser = operation({
  ...operator,
  id: 'deactivateTenantUser',
  method: 'POST',
  path: '/tenants/:tenant/users/:id/deactivate',
  tag: 'People',
  status: 200,
  summary: 'Take a person’s access away; bites on their next request',
  command: 'users deactivate',
  params: ofUser,
  body: z.strictObject({ reason }),
  response: user,
  errors: ['tenant_not_found', 'user_not_found', 'last_owner'],
});
