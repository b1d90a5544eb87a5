/**
 * The outbox as tutorials write it: poll for unpublished rows, add each to a stream, mark each as published; on the other
 * side read and acknowledge.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { connectRedis } from '#platform/streams';
import { factsOf, go, say } from './actor.js';
import type { EventFacts } from './facts.js';

const { databaseUrl, redisUrl } = factsOf<EventFacts>();
const BATCH = 100;
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
const publisher = connectRedis({ url: redisUrl, name: 'poller' });
const reader = connectRedis({ url: redisUrl, name: 'poller consumer', isBlocking: true });
let handled = 0;

process.once('SIGTERM', () => process.exit(0));
await publisher.xgroup('CREATE', 'events', 'consumer', '0', 'MKSTREAM');
await go();
setInterval(() => {
  say('handled', { handled });
}, 5);
await Promise.all([publish(), consume()]);

async function publish(): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ id: string; data: unknown }>(
      'select id, data from tutorial_outbox where published_at is null order by created_at limit $1',
      [BATCH],
    );
    if (rows.length === 0) await pause(100);
    for (const { id, data } of rows) {
      await publisher.xadd('events', '*', 'id', id, 'data', JSON.stringify(data));
      await client.query('update tutorial_outbox set published_at = now() where id = $1', [id]);
    }
  }
}

async function consume(): Promise<void> {
  for (;;) {
    const found = (await reader.xreadgroup(
      'GROUP',
      'consumer',
      'one',
      'COUNT',
      BATCH,
      'BLOCK',
      1_000,
      'STREAMS',
      'events',
      '>',
    )) as [string, [string, string[]][]][] | null;
    for (const [, entries] of found ?? []) {
      for (const [id] of entries) {
        await reader.xack('events', 'consumer', id);
        handled += 1;
      }
    }
  }
}
