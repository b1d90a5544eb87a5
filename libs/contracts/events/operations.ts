/** Operators' views of events on their way to the engines, and their decisions about failed ones. */
import { z } from 'zod';
import { operation, operator, type Tags } from '../operation.js';
import { id, instant, tenantName, text } from '../scalars.js';

export const tags: Tags = {
  Events: { order: 280, description: 'The events on their way from the stores to the engines.' },
  'Dead letters': { order: 290, description: 'Events that an engine could not apply, and what to do about them.' },
};

const ofEvents = { ...operator, tag: 'Events' } as const;

const limit = z.coerce.number().int().min(1).max(500).default(50);

const list = <Item extends z.ZodType>(item: Item) => z.object({ data: z.array(item), next_cursor: z.null() });

const event = z.object({
  id,
  tenant_id: id,
  type: z.string(),
  aggregate: z.string(),
  aggregate_id: id,
  aggregate_version: z.int(),
  occurred_at: instant,
  actor: z.string(),
});

export const listEvents = operation({
  ...ofEvents,
  id: 'listEvents',
  method: 'GET',
  path: '/events',
  summary: 'List recent events, newest first',
  command: 'events list',
  query: z.strictObject({
    tenant: tenantName.optional(),
    type: text(100).optional(),
    aggregate_id: z.uuid().optional(),
    days: z.coerce.number().int().min(1).max(400).default(7),
    limit,
  }),
  response: list(event),
});

export const showEvent = operation({
  ...ofEvents,
  id: 'showEvent',
  method: 'GET',
  path: '/events/:id',
  summary: 'Read one event and what became of it at each engine',
  command: 'events show',
  params: z.strictObject({ id: z.uuid() }),
  response: z.object({
    envelope: z.record(z.string(), z.unknown()),
    deliveries: z.array(z.object({ engine: z.string(), outcome: z.string(), at: instant })),
  }),
  errors: ['event_not_found'],
});

const deadLetter = z.object({
  tenant_id: id,
  engine: z.string(),
  event_id: id,
  type: z.string(),
  aggregate: z.string(),
  aggregate_id: id,
  aggregate_version: z.int(),
  state: z.enum(['retrying', 'dead']),
  attempts: z.int(),
  error: z.string(),
  first_failed_at: instant,
  next_attempt_at: instant.nullable(),
  decision: z.enum(['replay', 'drop']).nullable(),
  waiting: z.int().meta({ description: 'Later events of the same aggregate that wait behind it' }),
});

export const listDeadLetters = operation({
  ...ofEvents,
  id: 'listDeadLetters',
  method: 'GET',
  path: '/dead-letters',
  summary: 'List events that engines could not apply, oldest first',
  command: 'deadletters list',
  query: z.strictObject({
    state: z.enum(['retrying', 'dead']).optional(),
    engine: text(40).optional(),
    tenant: tenantName.optional(),
    limit,
  }),
  response: list(deadLetter),
});

const key = z.strictObject({ tenant: tenantName, engine: text(40), event: z.uuid() });
const decision = {
  ...ofEvents,
  method: 'POST',
  status: 200,
  params: key,
  body: z.strictObject({ reason: text(500).meta({ description: 'Why; kept in the audit' }) }),
  response: z.object({ decision: z.enum(['replay', 'drop']) }),
  errors: ['dead_letter_not_found', 'dead_letter_decided'],
} as const;

export const replayDeadLetter = operation({
  ...decision,
  id: 'replayDeadLetter',
  path: '/dead-letters/:tenant/:engine/:event/replay',
  summary: 'Try a failed event again, with all its attempts ahead of it',
  command: 'deadletters replay',
});

export const dropDeadLetter = operation({
  ...decision,
  id: 'dropDeadLetter',
  path: '/dead-letters/:tenant/:engine/:event/drop',
  summary: 'Give a failed event up: no effect, and its aggregate goes on',
  command: 'deadletters drop',
});

export const listEngines = operation({
  ...ofEvents,
  id: 'listEngines',
  method: 'GET',
  path: '/engines',
  summary: 'Who handles each engine’s partitions, and what is held up',
  command: 'engines list',
  response: list(
    z.object({
      engine: z.string(),
      workers: z.int(),
      partitions: z.int(),
      unowned: z.int(),
      dead: z.int(),
      retrying: z.int(),
      deferred: z.int(),
    }),
  ),
});
