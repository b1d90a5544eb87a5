import { z } from 'zod';
import { defineEvent } from '../event.js';
import { id } from '../scalars.js';

const customer = z.object({ customer_id: id, kind: z.enum(['person', 'company']), name: z.string() });
const customerExample = {
  customer_id: '01931b6e-3c00-7a00-8000-000000000003',
  kind: 'company' as const,
  name: 'Construtora Horizonte Ltda',
};

export const customerCreated = defineEvent({
  type: 'customer.created',
  version: 1,
  aggregate: 'customer',
  summary: 'A customer was registered.',
  data: customer,
  example: customerExample,
});

export const customerChanged = defineEvent({
  type: 'customer.changed',
  version: 1,
  aggregate: 'customer',
  summary: 'A customer’s data changed.',
  data: customer,
  example: { ...customerExample, name: 'Construtora Horizonte S.A.' },
});

const site = z.object({ site_id: id, customer_id: id, name: z.string() });
const siteExample = {
  site_id: '01931b6e-3c00-7a00-8000-000000000004',
  customer_id: customerExample.customer_id,
  name: 'Residencial Aurora, torre B',
};

export const siteCreated = defineEvent({
  type: 'site.created',
  version: 1,
  aggregate: 'site',
  summary: 'A customer’s site was registered.',
  data: site,
  example: siteExample,
});

export const siteChanged = defineEvent({
  type: 'site.changed',
  version: 1,
  aggregate: 'site',
  summary: 'A site’s data changed.',
  data: site,
  example: { ...siteExample, name: 'Residencial Aurora, torre C' },
});
