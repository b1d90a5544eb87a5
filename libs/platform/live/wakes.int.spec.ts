/** Between processes over a real Redis: listeners of one process get the commits of another at once. */
import { newId } from '#kernel';
import { OUTBOX_SIGNAL, OutboxWaker } from '#platform/outbox';
import { connectRedis, StreamNames } from '#platform/streams';
import { waitUntil } from '#testing/waiting';
import { streamWakes, tenantsOf } from './wakes.js';

const url = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const names = new StreamNames(`spec-${newId()}`, 1);
const writer = connectRedis({ url, name: 'wakes-spec-writer' });
const subscriber = connectRedis({ url, name: 'wakes-spec-reader' });
const heard: (readonly string[] | 'all')[] = [];
let announce: (tenant: string) => void;
let waker: OutboxWaker;

beforeAll(async () => {
  const signals = {
    on: (topic: string, listener: (tenant: string) => void) => {
      expect(topic).toBe(OUTBOX_SIGNAL);
      announce = listener;
      return () => undefined;
    },
  };
  waker = new OutboxWaker({ signals }, writer, names);
  streamWakes(subscriber, names).onWake((tenants) => heard.push(tenants));
  await until(() => heard.length > 0 && writer.status === 'ready');
  // The subscription is not finished when the first 'all' is reported; a ping sent after it is answered after it.
  await subscriber.ping().catch(() => undefined);
});
afterAll(() => {
  waker.close();
  writer.disconnect();
  subscriber.disconnect();
});

const until = (isReached: () => boolean) => waitUntil('the wake-up was heard', isReached, { pauseMs: 5 });

it('names the stores in a handful of messages, however many commits', async () => {
  heard.length = 0;
  for (let commit = 0; commit < 1_000; commit++) announce(`tenant-${commit % 3}`);
  await until(() => new Set(heard.flat()).size === 3);
  expect(heard.length).toBeLessThanOrEqual(3);
});

it('wakes all feeds when the stores are too many to list, and after a connection was down', async () => {
  heard.length = 0;
  for (let tenant = 0; tenant < 2_000; tenant++) announce(`tenant-${tenant}`);
  await until(() => heard.includes('all'));
  heard.length = 0;
  subscriber.disconnect(true);
  await until(() => heard.includes('all'));
  await subscriber.ping().catch(() => undefined);
  announce('after');
  await until(() => heard.flat().includes('after'));
});

it('treats a message that it cannot parse as a signal for all tenants', () => {
  expect([tenantsOf(''), tenantsOf('{}'), tenantsOf('["a",1]')]).toEqual(['all', 'all', ['a']]);
});
