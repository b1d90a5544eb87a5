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
