/**
 * Reports of a tenant's counted or measured use: each report is a separate aggregate, so that processes never wait for
 * each other. And the tenant's own caps: each cap is an aggregate that changes.
 */
import { z } from 'zod';
import { defineEvent } from '../event.js';
import { instant } from '../scalars.js';
import { METERS } from '../meters.js';

export const storageMeasured = defineEvent({
  type: 'usage.storage_measured',
  version: 1,
  aggregate: 'usage',
  summary: 'What a tenant keeps was measured; once a day.',
  data: z.object({
    bytes: z.int().nonnegative(),
    /** Whole megabytes of 1,000,000 bytes, rounded down. */
    megabytes: z.int().nonnegative(),
    measured_at: instant,
  }),
  example: { bytes: 41_943_040, megabytes: 41, measured_at: '2026-11-20T03:10:00.000Z' },
});

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

export const usageCapChanged = defineEvent({
  type: 'usage.cap_changed',
  version: 1,
  aggregate: 'usage',
  summary: 'A tenant set its own limit of a meter, for this period and those to come, or took it away.',
  data: z.object({
    meter: z.enum(METERS),
    /** Units in a period; null: taken away. */
    cap: z.int().nonnegative().nullable(),
    set_by: z.string(),
    set_at: instant,
  }),
  example: {
    meter: 'orders',
    cap: 900,
    set_by: 'user:01931b6e-3c00-7a00-8000-000000000006',
    set_at: '2026-11-20T14:00:00.000Z',
  },
});
