/**
 * Which engine hears which aggregates. An engine receives every event of an aggregate it subscribes to, whether it acts
 * on its type or not, because the version gate counts 1, 2, 3, … without a gap.
 */
import type { AggregateKind } from './event.js';

export const SUBSCRIPTIONS = {
  stock: ['tenant', 'product', 'stock', 'order'],
  sales: ['product', 'stock', 'customer', 'quote', 'order'],
  billing: ['tenant', 'user', 'quote', 'order', 'usage'],
  entitlements: ['account'],
} as const satisfies Record<string, readonly AggregateKind[]>;

export type ConsumerName = keyof typeof SUBSCRIPTIONS;

export const CONSUMER_NAMES = Object.keys(SUBSCRIPTIONS) as ConsumerName[];
