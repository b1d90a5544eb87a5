import { z } from 'zod';
import { defineEvent } from '../event.js';
import { id } from '../scalars.js';

export const TENANT_STATES = ['active', 'suspended', 'closed'] as const;

const tenant = z.object({ tenant_id: id, slug: z.string(), legal_name: z.string() });
const example = {
  tenant_id: '01931b6e-3c00-7a00-8000-000000000009',
  slug: 'acme',
  legal_name: 'Acme Materiais de Construção Ltda',
};

export const tenantCreated = defineEvent({
  type: 'tenant.created',
  version: 1,
  aggregate: 'tenant',
  summary: 'A tenant was set up.',
  data: tenant.extend({ locale: z.string(), time_zone: z.string(), currency: z.string() }),
  example: { ...example, locale: 'pt-BR', time_zone: 'America/Sao_Paulo', currency: 'BRL' },
});

export const tenantStateChanged = defineEvent({
  type: 'tenant.state_changed',
  version: 1,
  aggregate: 'tenant',
  summary: 'A tenant was suspended, reactivated or closed.',
  data: tenant.extend({ from: z.enum(TENANT_STATES), to: z.enum(TENANT_STATES), reason: z.string() }),
  example: { ...example, from: 'active', to: 'suspended', reason: 'requested by the owner' },
});

const user = z.object({ user_id: id, email: z.string(), roles: z.array(z.string()) });
const userExample = {
  user_id: '01931b6e-3c00-7a00-8000-000000000006',
  email: 'seller@acme.test',
  roles: ['seller'],
};

export const userCreated = defineEvent({
  type: 'user.created',
  version: 1,
  aggregate: 'user',
  summary: 'A person got access.',
  data: user,
  example: userExample,
});

export const userChanged = defineEvent({
  type: 'user.changed',
  version: 1,
  aggregate: 'user',
  summary: 'A person’s roles or access changed.',
  data: user.extend({ is_active: z.boolean() }),
  example: { ...userExample, is_active: false },
});

export const userSignedIn = defineEvent({
  type: 'user.signed_in',
  version: 1,
  aggregate: 'user',
  summary: 'A person signed in.',
  data: z.object({ user_id: id, session_id: id }),
  example: { user_id: userExample.user_id, session_id: '01931b6e-3c00-7a00-8000-00000000000a' },
});
