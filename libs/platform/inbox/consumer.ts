/**
 * A consumer of events: a unit that turns events into rows of its own tables. An engine is a consumer that advises or bills;
 * the module `entitlements` is a consumer as well. The worker owns delivery: leases, version gate, exactly-once, isolating and
 * parking poison events.
 */
import type { AggregateKind, ConsumerName } from '#contracts/rooms';
import type { Envelope } from '#contracts/event';
import type { Queryable } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';

export interface EventConsumer {
  readonly name: ConsumerName;
  readonly aggregates: readonly AggregateKind[];

  /** Every table that the consumer writes, children before parents. `replay` rebuilds exactly these. */
  readonly tables: readonly string[];

  /**
   * Applies a batch inside the transaction that also records it in the inbox. Events of one aggregate come in version
   * order, each exactly once. Events of different aggregates and tenants are mixed, in any order. Use a few statements per
   * batch, not per event. Throwing refuses the whole batch; the worker then halves it down to the poison event.
   * The result must depend on the events alone, never on clocks, batch borders or the order between aggregates.
   * Rows whose insights must be recomputed are only marked as `stale` here.
   */
  apply(tx: CrossTenantTransaction, events: readonly Envelope[]): Promise<void>;

  /**
   * Recomputes at most `limit` subjects that `apply` marked as stale, in one transaction; returns their number. The worker
   * calls it after a batch until it returns 0, so a burst of events costs one computation per subject.
   */
  refresh(tx: CrossTenantTransaction, limit: number): Promise<number>;

  /** Sets gauges from the consumer's tables. Every worker calls it every few seconds. */
  measure?(database: Queryable): Promise<void>;

  /** Recomputes everything that depends on the calendar for one tenant as of an instant (`engines run <name>`). */
  run(tx: CrossTenantTransaction, tenant: string, asOf: Date): Promise<PassOutcome>;
}

export interface PassOutcome {
  /** Subjects looked at, and insights opened, changed and closed by this pass. */
  readonly subjects: number;
  readonly opened: number;
  readonly changed: number;
  readonly closed: number;
}
