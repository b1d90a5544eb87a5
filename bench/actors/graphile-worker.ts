/**
 * graphile-worker with its local queue and batched completion, as its manual recommends for throughput, and an empty
 * task.
 */
import { Logger, run } from 'graphile-worker';
import { factsOf, go, say } from './actor.js';

const { databaseUrl } = factsOf<{ databaseUrl: string }>();
const CONCURRENCY = 24;
const LOCAL_QUEUE = 500;
let handled = 0;

process.once('SIGTERM', () => process.exit(0));
await go();
await run({
  preset: {
    worker: {
      connectionString: databaseUrl,
      concurrentJobs: CONCURRENCY,
      maxPoolSize: 10,
      pollInterval: 100,
      localQueue: { size: LOCAL_QUEUE },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
      logger: new Logger(() => () => undefined),
    },
  },
  noHandleSignals: true,
  taskList: { event: () => void (handled += 1) },
});
setInterval(() => {
  say('handled', { handled });
}, 5);
