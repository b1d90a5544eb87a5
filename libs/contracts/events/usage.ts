/** What a process counted while it served a tenant. Each report is an aggregate of its own, so that processes never wait for each other. */
import { z } from 'zod';
import { defineEvent } from '../event.js';
import { instant } from '../scalars.js';

export const usageReported = defineEvent({
  type: 'usage.reported',
  version: 1,
  aggregate: 'usage',
  summary: 'A process counted what a tenant used in a stretch of time.',
  data: z.object({ meter: z.enum(['api_calls']), quantity: z.int().positive(), from: instant, to: instant }),
  example: {
    meter: 'api_calls',
    quantity: 118,
    from: '2026-11-20T14:00:00.000Z',
    to: '2026-11-20T14:01:00.000Z',
  },
});
