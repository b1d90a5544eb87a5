/**
 * What an engine gives to the worker. The worker owns delivery (leases, version gate, exactly-once, bisecting, parking);
 * an engine only turns events into rows of its own tables.
 */
import type { AggregateKind, ConsumerName } from '#contracts/rooms';
import type { Envelope } from '#contracts/event';
import type { Queryable } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';

export interface EventConsumer {
  readonly name: ConsumerName;
  readonly aggregates: readonly AggregateKind[];

  /** Every table the engine writes, children before parents; `replay` rebuilds exactly these. */
  readonly tables: readonly string[];

  /**
   * Applies a batch inside the transaction that also records it in the inbox. Events of one aggregate come in version
   * order, each exactly once; events of different aggregates and tenants come mixed, in any order. Set-based: a few
   * statements per batch, not per event. Throwing refuses the whole batch: the worker bisects down to the poison event.
   * The result must depend on the events alone, never on clocks, batch borders or the order between aggregates.
   * Rows that need their insights computed anew are marked (`stale`), not computed here.
   */
  apply(tx: CrossTenantTransaction, events: readonly Envelope[]): Promise<void>;

  /**
   * Recomputes what `apply` marked as stale, at most `limit` subjects, in one transaction; returns how many it did. The
   * worker calls it right after a batch and until it returns 0, so a burst of events costs one computation per subject.
   */
  refresh(tx: CrossTenantTransaction, limit: number): Promise<number>;

  /** Sets gauges from the engine's tables; called now and then by every worker. */
  measure?(database: Queryable): Promise<void>;

  /** Recomputes everything that depends on the calendar for one tenant as of an instant (`engines run <engine>`). */
  run(tx: CrossTenantTransaction, tenant: string, asOf: Date): Promise<PassOutcome>;
}

export interface PassOutcome {
  /** Subjects looked at, and insights opened, changed and closed by this pass. */
  readonly subjects: number;
  readonly opened: number;
  readonly changed: number;
  readonly closed: number;
}
