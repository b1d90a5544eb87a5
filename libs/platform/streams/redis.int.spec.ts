/** A connection that breaks and reconnects at once, as when Redis restarts quickly or a load balancer drops it. */
import type { Redis } from 'ioredis';
import { connectRedis } from './redis.js';

const url = process.env['TEST_REDIS_URL'] ?? '';
/** A command that hangs would hang for ever; this is longer than any machine takes to answer. */
const SOON_MS = 60_000;

let admin: Redis;
beforeAll(() => void (admin = connectRedis({ url, name: 'redis-spec' })));
afterAll(() => admin.disconnect());

async function outcomeOf(command: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => (timer = setTimeout(() => resolve('still waiting'), SOON_MS)));
  const settled = command.then(
    () => 'answered',
    () => 'failed',
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

it.each([true, false])(
  'fails the command that was under way, and takes the next one (blocking: %s)',
  async (isBlocking) => {
    const redis = connectRedis({ url, name: 'redis-spec waits', isBlocking });
    try {
      const id = await redis.client('ID');
      const waiting = outcomeOf(redis.blpop(`redis-spec-${id}`, 0));
      await admin.client('KILL', 'ID', id);
      expect(await waiting).toBe('failed');
      expect(await outcomeOf(redis.ping())).toBe('answered');
    } finally {
      redis.disconnect();
    }
  },
);
