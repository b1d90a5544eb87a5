/** BullMQ, with a processor that does nothing. */
import { Worker } from 'bullmq';
import { factsOf, go, say } from './actor.js';

const { port, db } = factsOf<{ port: number; db: number }>();
const CONCURRENCY = 100;
let handled = 0;

process.once('SIGTERM', () => process.exit(0));
await go();
new Worker(
  'events',
  () => {
    handled += 1;
    return Promise.resolve();
  },
  { connection: { port, db }, concurrency: CONCURRENCY, removeOnComplete: { count: 0 } },
);
setInterval(() => {
  say('handled', { handled });
}, 5);
