/** What the relay's and the worker's process agree on. */
import type { ConsumerName } from '#contracts/subscriptions';
import type { AggregateKind } from '#contracts/event';

export interface EventFacts {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

export const VERTICAL = 'bench';
export const PARTITIONS = 16;
export const SUBSCRIPTIONS: Readonly<Partial<Record<ConsumerName, readonly AggregateKind[]>>> = { stock: ['stock'] };
export const QUIET = { info: () => undefined, warn: console.warn, error: console.error };
