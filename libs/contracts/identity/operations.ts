import { z } from 'zod';
import { idParams, operation, operator, page, pageQuery, type Tags } from '../operation.js';
import { ROLES } from '../roles.js';
import { id, instant, text } from '../scalars.js';

export const tags: Tags = {
  'Sign-in': {
    order: 10,
    description: 'Sessions: an access token for the `Authorization` header, and a refresh cookie that renews it.',
  },
  People: { order: 30, description: 'Who may sign in to a store, and with which roles.' },
  Operators: { order: 260, description: 'Who may use the console.' },
};

export const password = z
  .string()
  .min(12, 'must have at least 12 characters')
  .max(200)
  .meta({ examples: ['a long sentence of words'] });
export const email = z
  .email()
  .max(254)
  .transform((value) => value.toLowerCase());

export const token = z
  .object({
    access_token: z.string().meta({ examples: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI…'] }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ examples: [86_400], description: 'Seconds' }),
  })
  .meta({ id: 'AccessToken' });

const open = { tag: 'Sign-in', status: 200, isOpenWhenSuspended: true } as const;

export const login = operation({
  ...open,
  id: 'login',
  method: 'POST',
  path: '/auth/login',
  summary: 'Sign in; also sets the refresh cookie',
  access: 'public',
  body: z.strictObject({
    email,
    password: z
      .string()
      .min(1)
      .max(200)
      .meta({ examples: ['a long sentence of words'] }),
  }),
  response: token,
  answersWithSecret: true,
  errors: ['invalid_credentials', 'tenant_closed', 'too_many_attempts'],
});

export const refresh = operation({
  ...open,
  id: 'refreshToken',
  method: 'POST',
  path: '/auth/refresh',
  summary: 'Exchange the refresh cookie for a new access token and a new cookie',
  description: 'A refresh token works once. Presenting an older one of the same session ends the session.',
  access: 'public',
  response: token,
  answersWithSecret: true,
  errors: ['refresh_missing', 'refresh_reused', 'session_ended'],
});

export const logout = operation({
  ...open,
  id: 'logout',
  method: 'POST',
  path: '/auth/logout',
  summary: 'End this session, or all of one’s sessions',
  access: 'signed_in',
  body: z.strictObject({ everywhere: z.boolean().default(false) }).default({ everywhere: false }),
  response: z.object({ ended: z.int() }),
});

export const changeOwnPassword = operation({
  ...open,
  id: 'changeOwnPassword',
  method: 'POST',
  path: '/auth/password',
  summary: 'Change one’s password; ends the other sessions',
  access: 'signed_in',
  body: z.strictObject({
    current: z
      .string()
      .min(1)
      .max(200)
      .meta({ examples: ['the sentence of before'] }),
    next: password,
  }),
  response: z.object({ ended: z.int() }),
  errors: ['invalid_credentials'],
});

export const reason = text(500).meta({ examples: ['asked for by the owner'], description: 'Why; kept in the audit' });

export const user = z
  .object({
    id,
    email: z.string().meta({ examples: ['ana@acme.test'] }),
    name: z.string().meta({ examples: ['Ana Souza'] }),
    roles: z.array(z.enum(ROLES)),
    is_active: z.boolean(),
    last_sign_in_at: instant.nullable(),
    created_at: instant,
  })
  .meta({ id: 'Person' });

export const me = operation({
  id: 'me',
  method: 'GET',
  path: '/auth/me',
  tag: 'Sign-in',
  summary: 'Who am I, and what may I do',
  access: 'signed_in',
  response: user.extend({
    permissions: z.array(z.string()).meta({ examples: [['quote.read', 'quote.manage']] }),
    tenant: z.object({
      id,
      slug: z.string().meta({ examples: ['acme'] }),
      legal_name: z.string().meta({ examples: ['Acme Materiais Ltda'] }),
      state: z.string().meta({ examples: ['active'] }),
    }),
  }),
});

const newUser = z
  .strictObject({
    email,
    name: text(200).meta({ examples: ['Ana Souza'] }),
    password,
    roles: z.array(z.enum(ROLES)).min(1),
  })
  .meta({ id: 'NewPerson' });

export const createUser = operation({
  id: 'createUser',
  method: 'POST',
  path: '/users',
  tag: 'People',
  summary: 'Give a person access',
  access: 'user.manage',
  body: newUser,
  response: user,
  errors: ['email_taken'],
});

export const listUsers = operation({
  id: 'listUsers',
  method: 'GET',
  path: '/users',
  tag: 'People',
  summary: 'List people, newest first',
  access: 'user.read',
  query: pageQuery,
  response: page(user),
});

export const getUser = operation({
  id: 'getUser',
  method: 'GET',
  path: '/users/:id',
  tag: 'People',
  summary: 'Read one person',
  access: 'user.read',
  params: idParams,
  response: user,
});

export const changeUser = operation({
  id: 'changeUser',
  method: 'PATCH',
  path: '/users/:id',
  tag: 'People',
  summary: 'Change roles or access; bites on the person’s next request',
  access: 'user.manage',
  params: idParams,
  body: z.strictObject({
    name: text(200)
      .optional()
      .meta({ examples: ['Ana Souza'] }),
    roles: z.array(z.enum(ROLES)).min(1).optional(),
    is_active: z.boolean().optional(),
  }),
  response: user,
  errors: ['last_owner'],
});

export const operatorLogin = operation({
  id: 'operatorLogin',
  method: 'POST',
  path: '/auth/login',
  audience: 'operator',
  access: 'public',
  tag: 'Sign-in',
  status: 200,
  summary: 'Sign in to the console',
  body: z.strictObject({
    email,
    password: z
      .string()
      .min(1)
      .max(200)
      .meta({ examples: ['a long sentence of words'] }),
  }),
  response: token,
  answersWithSecret: true,
  errors: ['invalid_credentials', 'too_many_attempts'],
});

export const operatorLogout = operation({
  ...operator,
  id: 'operatorLogout',
  method: 'POST',
  path: '/auth/logout',
  tag: 'Sign-in',
  status: 200,
  summary: 'End the console session',
  response: z.object({ ended: z.int() }),
});

export const createOperator = operation({
  ...operator,
  id: 'createOperator',
  method: 'POST',
  path: '/operators',
  tag: 'Operators',
  summary: 'Give a person access to the console',
  command: 'operators create',
  body: z.strictObject({
    email,
    name: text(200).meta({ examples: ['Ana Souza'] }),
    password: password.optional(),
    reason,
  }),
  response: z.object({
    id,
    email: z.string().meta({ examples: ['ana@acme.test'] }),
    name: z.string().meta({ examples: ['Ana Souza'] }),
    password: z
      .string()
      .nullable()
      .meta({ examples: ['Vt3-quiet-Harbor-91'] }),
  }),
  answersWithSecret: true,
  errors: ['email_taken'],
});

export const listOperators = operation({
  ...operator,
  id: 'listOperators',
  method: 'GET',
  path: '/operators',
  tag: 'Operators',
  summary: 'List who may use the console',
  command: 'operators list',
  query: pageQuery,
  response: page(
    z.object({
      id,
      email: z.string().meta({ examples: ['ana@acme.test'] }),
      name: z.string().meta({ examples: ['Ana Souza'] }),
      is_active: z.boolean(),
      created_at: instant,
    }),
  ),
});
