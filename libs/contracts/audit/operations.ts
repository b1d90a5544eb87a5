import { z } from 'zod';
import { operation, operator, page, pageQuery, type Tags } from '../operation.js';
import { id, instant, text } from '../scalars.js';

export const tags: Tags = {
  Audit: { order: 270, description: 'What operators did, and why.' },
};

export const listAudit = operation({
  ...operator,
  id: 'listAudit',
  method: 'GET',
  path: '/audit',
  tag: 'Audit',
  summary: 'What operators did, newest first',
  command: 'audit list',
  query: pageQuery.extend({ tenant: text(63).optional() }),
  response: page(
    z.object({
      id,
      at: instant,
      actor: z.string().meta({ examples: ['operator:01931b6e-3c00-7a00-8000-000000000001'] }),
      action: z.string().meta({ examples: ['tenants.suspend'] }),
      tenant_id: id.nullable(),
      subject: z.string().meta({ examples: ['tenant/01931b6e-3c00-7a00-8000-000000000009'] }),
      reason: z
        .string()
        .nullable()
        .meta({ examples: ['asked for by the owner'] }),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
});
