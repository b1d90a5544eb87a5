import { z } from 'zod';
import { operation, type Tags } from '../operation.js';

export const tags: Tags = {
  Live: { order: 190, description: 'What happens in the store, as it happens.' },
};

/** Not JSON: `text/event-stream`. Described here, so that it is documented and guarded like every other operation. */
export const stream = operation({
  id: 'stream',
  method: 'GET',
  path: '/stream',
  tag: 'Live',
  summary: 'What happens in the store, as server-sent events',
  description:
    'Each message is one event: `event` is its type, `data` says subject, version and time; read the thing itself to see it. ' +
    'Reconnect with `Last-Event-ID` and nothing is missed or repeated. A comment every 15 s keeps the line open.',
  access: 'stream.read',
  mediaType: 'text/event-stream',
  response: z.string().meta({
    examples: [
      'id: MTAwOjEwMjoxMDA\nevent: quote.sent\ndata: {"subject":"quote/01931b6e-3c00-7a00-8000-000000000007","version":3,"time":"2026-11-20T14:00:00.000Z"}\n\n',
    ],
  }),
  errors: ['invalid_last_event_id', 'too_many_streams'],
});
