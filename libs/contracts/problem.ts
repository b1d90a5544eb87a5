/** RFC 9457 problem documents, with a stable code and pointers to what is wrong. */
import { z } from 'zod';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const problem = z
  .looseObject({
    type: z.string().meta({ description: 'URI reference of the error’s documentation' }),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable, for programs' }),
    detail: z.string().meta({ description: 'For people' }),
    request_id: z.string(),
    errors: z
      .array(z.object({ pointer: z.string().meta({ description: 'JSON Pointer' }), message: z.string() }))
      .optional(),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problem>;
