import { z } from 'zod';
import { operation } from '../operation.js';

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
  response: z.string(),
});
