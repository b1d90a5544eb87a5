/** pg-boss, fetching and completing a thousand jobs at a time, in two loops. */
import PgBoss from 'pg-boss';
import { factsOf, go, say } from './actor.js';

const { databaseUrl } = factsOf<{ databaseUrl: string }>();
const BATCH = 1_000;
const boss = new PgBoss({ connectionString: databaseUrl, supervise: false, schedule: false });
await boss.start();
let handled = 0;

process.once('SIGTERM', () => process.exit(0));
await go();
setInterval(() => {
  say('handled', { handled });
}, 5);
await Promise.all([loop(), loop()]);

async function loop(): Promise<void> {
  for (;;) {
    const jobs = await boss.fetch('events', { batchSize: BATCH });
    if (jobs.length === 0) return;
    await boss.complete(
      'events',
      jobs.map((job) => job.id),
    );
    handled += jobs.length;
  }
}
