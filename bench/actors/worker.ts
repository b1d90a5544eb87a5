/**
 * The worker of the product with an engine that counts per aggregate in PostgreSQL: a doubled event would permanently
 * falsify the effect. Sends `done` when the effects of all expected events are committed, with the arrival time of each
 * event.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { disablePretenuring } from '#platform/boot';
import type { EventConsumer } from '#platform/inbox';
import { Worker } from '#platform/inbox/worker';
import { composedSql, json } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { connectRedis, EventStreams, StreamNames } from '#platform/streams';
import { nowMs } from '../measure.js';
import { factsOf, go, say } from './actor.js';
import { type EventFacts, PARTITIONS, QUIET, VERTICAL } from './facts.js';

disablePretenuring();
const { databaseUrl, redisUrl, isTimed } = factsOf<EventFacts & { isTimed?: boolean }>();
const arrivals = new Map<string, number>();
let applied = 0;

const counter: EventConsumer = {
  name: 'stock',
  aggregates: ['stock'],
  tables: ['bench_effects'],
  async apply(tx, events) {
    if (isTimed) for (const { subject } of events) arrivals.set(subject.slice('stock/'.length), nowMs());
    applied += events.length;
    const rows = events.map(({ tenantid, subject }) => ({ t: tenantid, a: subject.slice('stock/'.length) }));
    await tx.execute(
      composedSql(
        `insert into bench_effects (tenant_id, aggregate_id, events)
         select t, a, count(*) from json_to_recordset($1) as e(t uuid, a uuid) group by t, a order by t, a
         on conflict (tenant_id, aggregate_id) do update set events = bench_effects.events + excluded.events`,
        [json(rows)],
      ),
    );
  },
  refresh: () => Promise.resolve(0),
  run: () => Promise.resolve({ subjects: 0, opened: 0, changed: 0, closed: 0 }),
};

const database = new CrossTenantDatabase({
  url: databaseUrl,
  role: 'basecommerce_engines',
  application: 'bench worker',
  maxConnections: 10,
});
const worker = new Worker({
  database,
  streams: new EventStreams(
    connectRedis({ url: redisUrl, name: 'bench worker' }),
    new StreamNames(VERTICAL, PARTITIONS),
  ),
  reader: () => connectRedis({ url: redisUrl, name: 'bench reader', isBlocking: true }),
  consumers: [counter],
  holder: `worker-${process.pid}`,
  log: QUIET,
});
process.once('SIGTERM', () => void worker.stop().finally(() => process.exit(0)));

process.on('message', (message: { say: string; events: number }) => {
  if (message.say === 'await') void committed(message.events);
});
await go();
await worker.start();

async function committed(events: number): Promise<void> {
  while (applied < events) await pause(2);
  for (;;) {
    const row = await database.first(
      composedSql<{ sum: string }>('select coalesce(sum(events), 0) as sum from bench_effects'),
    );
    if (Number(row!.sum) >= events) break;
    await pause(2);
  }
  say('done', { arrivals: [...arrivals] });
  arrivals.clear();
}
