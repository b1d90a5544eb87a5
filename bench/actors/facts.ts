/** The settings that the processes of relay and worker share. */
import type { AggregateKind, ConsumerName } from '#contracts/rooms';

export interface EventFacts {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

export const VERTICAL = 'bench';
export const PARTITIONS = 16;
export const SUBSCRIPTIONS: Readonly<Partial<Record<ConsumerName, readonly AggregateKind[]>>> = { stock: ['stock'] };
export const QUIET = { info: () => undefined, warn: console.warn, error: console.error };
