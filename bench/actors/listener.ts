/** The floor of latency: a connection that listens, and a handler that records the time of its call. */
import pg from 'pg';
import { nowMs } from '../measure.js';
import { factsOf, go, say } from './actor.js';

const { databaseUrl } = factsOf<{ databaseUrl: string }>();
const arrivals = new Map<string, number>();
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
client.on('notification', ({ payload }) => arrivals.set(payload!, nowMs()));
await client.query('listen bench');
process.once('SIGTERM', () => process.exit(0));
process.on('message', (message: { say: string; events: number }) => {
  if (message.say !== 'await') return;
  const look = setInterval(() => {
    if (arrivals.size < message.events) return;
    clearInterval(look);
    say('done', { arrivals: [...arrivals] });
    arrivals.clear();
  }, 2);
});
await go();
