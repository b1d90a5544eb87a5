/**
 * The aggregates that a room consumes, stated in `<room>/subscription.ts`. A consumer receives every event of such an
 * aggregate, whether it acts on its type or not, because it checks that versions come as 1, 2, 3, … without a gap.
 */
import type { AggregateKind } from './rooms.js';

export type Subscription = readonly AggregateKind[];
