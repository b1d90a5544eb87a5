/**
 * Connections to Redis. When a connection breaks, its commands fail at once and are not sent again automatically. Every caller
 * has a loop that decides whether to repeat.
 */
import { Redis } from 'ioredis';
import { DomainError } from '#kernel';

export interface RedisOptions {
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** For the connection that waits in XREADGROUP BLOCK. */
  readonly isBlocking?: boolean;
}

const COMMAND_TIMEOUT_MS = 5_000;

export function connectRedis(options: RedisOptions): Redis {
  const redis = new Redis(options.url, {
    connectionName: options.name,
    // Version 2 gives replies of XREADGROUP and of scripts the same shape on every server.
    protocol: 2,
    connectTimeout: 3_000,
    // With a higher value, ioredis drops a running command when a reconnection succeeds, and its promise never resolves.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(25 * 2 ** Math.min(attempt, 6), 1_000),
    ...(options.isBlocking ? {} : { commandTimeout: COMMAND_TIMEOUT_MS }),
  });
  // Without a listener ioredis prints the error. The failing command reports it to its caller.
  redis.on('error', () => undefined);
  return redis;
}

const OLDEST_MAJOR = 7;

/**
 * Refuses a Redis whose settings could lose entries silently; throws `redis_too_old` or `redis_evicts`. It uses `INFO` because
 * managed servers hide `CONFIG GET`. Resolves with warnings about settings that cost latency after a crash but no event.
 */
export async function assertStreamSettings(redis: Redis): Promise<string[]> {
  const facts = factsOf(
    (await redis.info('server')) + (await redis.info('memory')) + (await redis.info('persistence')),
  );
  const version = facts.get('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new DomainError(
      'redis_too_old',
      'internal',
      `Redis ${version} is too old: version ${OLDEST_MAJOR} or newer is needed.`,
    );
  }
  const policy = facts.get('maxmemory_policy') ?? 'unknown';
  if (policy !== 'noeviction') {
    throw new DomainError(
      'redis_evicts',
      'internal',
      `Redis would evict streams (maxmemory-policy ${policy}); set it to noeviction.`,
    );
  }
  return facts.get('aof_enabled') === '1'
    ? []
    : [
        'Redis keeps no append-only file: a restart loses what is in the streams, and events are published again from the outbox',
      ];
}

function factsOf(info: string): Map<string, string> {
  const pairs = info.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
  });
  return new Map(pairs);
}
