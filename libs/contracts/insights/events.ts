import { z } from 'zod';
import { defineEvent } from '../event.js';
import { id } from '../scalars.js';

export const INSIGHT_ANSWERS = ['done', 'not_now', 'wrong'] as const;

const insight = z.object({ insight_id: id, engine: z.string(), kind: z.string(), subject: z.string() });
const example = {
  insight_id: '01931b6e-3c00-7a00-8000-00000000000b',
  engine: 'stock',
  kind: 'rupture',
  subject: 'product/01931b6e-3c00-7a00-8000-000000000001',
};

export const insightAnswered = defineEvent({
  type: 'insight.answered',
  version: 1,
  aggregate: 'insight',
  summary: 'The store answered an insight.',
  data: insight.extend({ answer: z.enum(INSIGHT_ANSWERS), comment: z.string().nullable() }),
  example: { ...example, answer: 'done', comment: null },
});
