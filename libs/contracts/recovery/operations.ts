/** The recovery fence as operators see it and decide about it. */
import { z } from 'zod';
import { operation, operator } from '../operation.js';
import { instant, text } from '../scalars.js';

const status = z.object({
  epoch: z.int().meta({ description: 'Raised by every confirmation' }),
  opened_at: instant,
  opened_by: z.string(),
  is_fenced: z.boolean(),
  fenced_because: z.string().nullable(),
  fenced_at: instant.nullable().meta({ description: 'Null until a relay or an operator has recorded it' }),
  fenced_by: z.string().nullable(),
  waiting: z.int().meta({ description: 'Committed events that no engine has been sent, counted as far as 10,000' }),
});

const recovery = { ...operator, tag: 'Events', response: status } as const;
const decision = {
  ...recovery,
  method: 'POST',
  status: 200,
  body: z.strictObject({ reason: text(500).meta({ description: 'Why; kept in the audit' }) }),
} as const;

export const showRecovery = operation({
  ...recovery,
  id: 'showRecovery',
  method: 'GET',
  path: '/recovery',
  summary: 'Whether events, mails and charges leave the database, and if not, why',
  command: 'recovery status',
});

export const fenceRecovery = operation({
  ...decision,
  id: 'fenceRecovery',
  path: '/recovery/fence',
  summary: 'Keep events, mails and charges back until a new epoch is confirmed',
  command: 'recovery fence',
  errors: ['recovery_fenced_already'],
});

export const confirmRecovery = operation({
  ...decision,
  id: 'confirmRecovery',
  path: '/recovery/confirm',
  summary: 'Open a new recovery epoch: what is in Redis is dropped, and comes again from the outbox',
  command: 'recovery confirm',
  errors: ['recovery_not_fenced', 'recovery_outbox_ahead'],
});
