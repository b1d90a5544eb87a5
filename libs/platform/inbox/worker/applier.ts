/**
 * Applies events exactly once. A batch is one transaction, in one of two modes:
 *
 *   by the gate   begin · lease check · gate ─▶ engine's statements ─▶ inbox · gate · deferred · commit   (3 round trips)
 *   optimistic    begin · lease check · gate · engine's statement ───▶ inbox · gate · deferred · commit   (2 round trips)
 *
 * A batch of at most OPTIMISTIC_EVENTS events is tried optimistically: it assumes the places of its aggregates (see
 * assumed-places.ts), so the handler starts at once. The lease check and the gate travel with the engine's first statement,
 * and the gate's answer must confirm every assumed place before anything is recorded. If it does not, the batch is rolled
 * back and processed by the gate.
 *
 * The commit does not wait for the disk. If PostgreSQL is killed, its last batches are lost as a whole: effects, gate and
 * inbox rows. The outbox still has their events, and the relay's reconciler publishes again every event that has no inbox row.
 * What the reconciler has confirmed is safe, because its own commit waits and the log is written in order.
 *
 * The lease check locks the lease rows until the commit. So a takeover waits for the batch, and a worker whose lease is gone
 * is refused. Inserting an inbox row that exists already fails: the gate and the inbox contradict each other, and the batch is
 * processed again after the recorded events have been removed from it.
 *
 * A batch that the engine refuses is halved until one event is left. That event is recorded in failed_events, and the gate
 * holds its successors back. Errors of the database itself are not caused by an event: they are thrown to the caller, and
 * the whole consumer waits.
 */
import { DomainError } from '#kernel';
import { isRetryable, violatedConstraint } from '#platform/database';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import { NOT_FENCED } from '#platform/recovery';
import type { EventConsumer } from '../consumer.js';
import { type Arrival, arrivalOf, byAggregate } from './event.js';
import { AssumedPlaces } from './assumed-places.js';
import { type Place, sift, UNSEEN } from './gate.js';
import * as statements from './gate-statements.js';
import * as metrics from './metrics.js';
import { afterFailure, RETRY_POLICY, type RetryPolicy } from './retry.js';

/** Thrown when a lease of a batch is gone. Nothing of the batch was kept. */
export class LeaseLost extends Error {
  constructor(readonly partitions: readonly number[]) {
    super(`leases lost: ${partitions.join(', ')}`);
  }
}

/** Thrown when an assumed place differs from the gate. Nothing of the batch was kept. */
class WrongAssumption extends Error {}

/** Named steps of the protocol. Tests kill the process at each of them. */
export type WorkerStep = 'received' | 'checked' | 'applied' | 'committed' | 'acknowledged';

export interface ApplierOptions {
  readonly database: CrossTenantDatabase;
  readonly consumer: EventConsumer;
  readonly holder: string;
  readonly partitions: number;
  readonly retry?: RetryPolicy;
  readonly random?: () => number;
  readonly at?: (step: WorkerStep) => void | Promise<void>;
}

/** Partition → fencing token of its lease (the column `consumer_leases.epoch`). */
export type FencingTokens = ReadonlyMap<number, number>;

type Groups = Map<string, Arrival[]>;
type Places = Map<string, Place>;

interface Plan {
  readonly apply: readonly Arrival[];
  readonly defer: readonly Arrival[];
  /** The last event of each aggregate whose place changes, with the new place. */
  readonly heads: readonly Arrival[];
  readonly places: readonly Place[];
}

type Mode = {
  /** Remove the events that the inbox already has. Used after the inbox contradicted the gate. */
  readonly isCareful: boolean;
  /** Add deferred events whose predecessor is applied. Off while isolating a poison event, which could be one of them. */
  readonly takesDeferred: boolean;
  /** Assume the places of the aggregates, and let the gate confirm them beside the engine's first statement. */
  readonly isOptimistic: boolean;
};

/** Events from the streams may come from the lost future of a restored database, so the transaction checks the fence. */
const BATCH_OPTIONS = { isAsynchronous: true, plansOnce: true, guard: NOT_FENCED };

const OPTIMISTIC: Mode = { isCareful: false, takesDeferred: true, isOptimistic: true };
const FAST: Mode = { isCareful: false, takesDeferred: true, isOptimistic: false };
const SINGLY: Mode = { isCareful: true, takesDeferred: false, isOptimistic: false };

/** The largest optimistic batch. In a larger one the saved round trip is negligible, and a wrong assumption wastes more. */
const OPTIMISTIC_EVENTS = 100;

export class Applier {
  private readonly name: string;
  private readonly assumedPlaces = new AssumedPlaces();

  constructor(private readonly options: ApplierOptions) {
    this.name = options.consumer.name;
  }

  /** Applies, ignores, defers or parks every event. Resolves when the outcome of each is committed in PostgreSQL. */
  async handle(events: readonly Arrival[], tokens: FencingTokens): Promise<void> {
    if (events.length === 0) return;
    try {
      await this.attemptQuickly(events, tokens);
    } catch (error) {
      if (isEnvironment(error)) throw error;
      await this.isolate(events, tokens);
      await this.takeReady(events, tokens);
    }
  }

  private async attemptQuickly(events: readonly Arrival[], tokens: FencingTokens): Promise<void> {
    if (events.length > OPTIMISTIC_EVENTS) return this.attempt(events, tokens, FAST);
    try {
      await this.attempt(events, tokens, OPTIMISTIC);
    } catch (error) {
      // A refusal by the engine counts as well: it may have received an event that was applied before.
      this.assumedPlaces.forget();
      if (!(error instanceof WrongAssumption)) throw error;
      await this.attempt(events, tokens, FAST);
    }
  }

  /** Whether `retry` or `closeGaps` would find events. */
  async whatWaits(tokens: FencingTokens): Promise<{ failed: boolean; deferred: boolean }> {
    const { database, partitions } = this.options;
    const row = await database.first(statements.waiting(this.name, [...tokens.keys()], partitions));
    return row!;
  }

  /** Tries failed events that are due, and carries out the decisions of operators; returns the number of events. */
  async retry(tokens: FencingTokens): Promise<number> {
    const { database, partitions } = this.options;
    const due = await database.query(statements.dueFailures(this.name, [...tokens.keys()], partitions, 50));
    for (const row of due) {
      const event = arrivalOf(statements.envelopeOf(row));
      if (row.decision === 'drop') await this.drop(event, tokens);
      else await this.reattempt(event, row.decision === 'replay' ? 0 : row.attempts, tokens);
      await this.takeReady([event], tokens);
    }
    return due.length;
  }

  /**
   * Applies deferred events that nothing else would apply: retention removed their predecessor from the outbox, or a worker
   * applied it and died before it looked for successors. Returns the number of aggregates that it moved.
   */
  async closeGaps(tokens: FencingTokens): Promise<number> {
    const { database, partitions } = this.options;
    const rows = await database.query(statements.orphanedGaps(this.name, [...tokens.keys()], partitions));
    if (rows.length === 0) return 0;
    const heads = rows.map((row) => arrivalOf(statements.envelopeOf(row)));
    await database.transaction(async (tx) => {
      await this.checkLeases(tx, tokens, []);
      await tx.execute(statements.setBaseline(this.name, heads));
    });
    await this.takeReady(heads, tokens);
    return heads.length;
  }

  private async attempt(
    events: readonly Arrival[],
    tokens: FencingTokens,
    mode: Mode,
    parked?: Arrival,
  ): Promise<void> {
    const { database, consumer } = this.options;
    const stop = metrics.batchSeconds.startTimer({ engine: this.name });
    const plan = await database.transaction(async (tx) => {
      const groups = byAggregate(events);
      const assumed = mode.isOptimistic ? this.assumedPlaces.placesOf(groups) : undefined;
      const confirm = assumed && this.confirmation(tx, tokens, groups, assumed);
      const decided = assumed ? this.siftAll(groups, assumed) : await this.decide(tx, groups, tokens, mode, parked);
      await this.options.at?.('checked');
      const fresh = mode.isCareful ? await this.unrecorded(tx, decided.apply) : decided.apply;
      if (fresh.length > 0)
        await consumer.apply(
          tx,
          fresh.map((event) => event.envelope),
        );
      await confirm?.();
      await this.options.at?.('applied');
      this.record(tx, { ...decided, apply: fresh });
      if (parked) tx.atCommit(() => statements.forgetFailure(this.name, parked));
      return decided;
    }, BATCH_OPTIONS);
    stop();
    plan.heads.forEach((head, index) => this.assumedPlaces.learn(head.key, plan.places[index]!));
    metrics.appliedEvents.inc({ engine: this.name }, plan.apply.length);
    metrics.deferredTotal.inc({ engine: this.name }, plan.defer.length);
    await this.options.at?.('committed');
  }

  /** Checks leases and gate, and adds the deferred events whose predecessor is in this batch. */
  private async decide(
    tx: CrossTenantTransaction,
    groups: Groups,
    tokens: FencingTokens,
    mode: Mode,
    parked?: Arrival,
  ): Promise<Plan> {
    const heads = headsOf(groups);
    const places = placesAt(await this.checkLeases(tx, tokens, heads), heads, parked);
    if (mode.takesDeferred) await this.addDeferred(tx, groups, places);
    return this.siftAll(groups, places);
  }

  /** Sends lease check and gate with the next statement. The function throws like `decide`, or when an assumption was wrong. */
  private confirmation(
    tx: CrossTenantTransaction,
    tokens: FencingTokens,
    groups: Groups,
    assumed: Places,
  ): () => Promise<void> {
    const heads = headsOf(groups);
    const answer = tx.piggyback(this.leaseAndGate(tokens, heads));
    return async () => {
      const places = placesAt(placesUnderLease(await answer(), tokens), heads);
      for (const [key, place] of assumed) {
        if (!isSame(places.get(key) ?? UNSEEN, place)) throw new WrongAssumption();
      }
    };
  }

  private async addDeferred(tx: CrossTenantTransaction, groups: Groups, places: Places): Promise<void> {
    const due = [...groups].filter(([key, group]) => {
      const place = places.get(key) ?? UNSEEN;
      return place.waiting !== undefined && sift(place, group).place.version + 1 >= place.waiting;
    });
    if (due.length === 0) return;
    const rows = await tx.query(
      statements.deferredOf(this.name, statements.columnsOf(due.map(([, group]) => group[0]!))),
    );
    for (const row of rows) {
      const event = arrivalOf(statements.envelopeOf(row));
      groups.get(event.key)!.push(event);
    }
  }

  private siftAll(groups: ReadonlyMap<string, Arrival[]>, places: ReadonlyMap<string, Place>): Plan {
    const plan = { apply: [] as Arrival[], defer: [] as Arrival[], heads: [] as Arrival[], places: [] as Place[] };
    let ignored = 0;
    for (const [key, group] of groups) {
      const sifted = sift(places.get(key) ?? UNSEEN, group);
      ignored += sifted.ignored;
      for (const event of sifted.apply) plan.apply.push(event);
      for (const event of sifted.defer) plan.defer.push(event);
      if (sifted.apply.length + sifted.defer.length === 0) continue;
      plan.heads.push(group[0]!);
      plan.places.push(sifted.place);
    }
    if (ignored > 0) metrics.ignoredEvents.inc({ engine: this.name }, ignored);
    return plan;
  }

  private record(tx: CrossTenantTransaction, plan: Plan, outcome: 'applied' | 'dropped' = 'applied'): void {
    if (plan.heads.length === 0) return;
    const waiting = plan.heads.flatMap((head, index) =>
      plan.places[index]!.waiting === undefined ? [] : [[head, plan.places[index]!] as const],
    );
    if (plan.apply.length > 0) tx.atCommit(() => statements.recordInbox(this.name, plan.apply, outcome));
    if (plan.defer.length > 0) tx.atCommit(() => statements.defer(this.name, plan.defer));
    if (waiting.length > 0) {
      tx.atCommit(() =>
        statements.undefer(
          this.name,
          waiting.map(([head]) => head),
          waiting.map(([, place]) => place),
        ),
      );
    }
    tx.atCommit(() => statements.moveGate(this.name, plan.heads, plan.places));
  }

  private async checkLeases(
    tx: CrossTenantTransaction,
    tokens: FencingTokens,
    heads: readonly Arrival[],
  ): Promise<statements.PlaceRow[]> {
    return placesUnderLease(await tx.batch(this.leaseAndGate(tokens, heads)), tokens);
  }

  private leaseAndGate(tokens: FencingTokens, heads: readonly Arrival[]) {
    return [
      statements.leaseCheck(this.name, this.options.holder, [...tokens.keys()], [...tokens.values()]),
      statements.placesOf(this.name, statements.columnsOf(heads)),
    ] as const;
  }

  private async unrecorded(tx: CrossTenantTransaction, events: readonly Arrival[]): Promise<readonly Arrival[]> {
    if (events.length === 0) return events;
    const recorded = new Set((await tx.query(statements.recordedAmong(this.name, events))).map((row) => row.event_id));
    return recorded.size === 0 ? events : events.filter((event) => !recorded.has(event.envelope.id));
  }

  /** Halves the batch until one refused event is left. The left half goes first, so the order within an aggregate is kept. */
  private async isolate(events: readonly Arrival[], tokens: FencingTokens): Promise<void> {
    try {
      await this.attempt(events, tokens, SINGLY);
    } catch (error) {
      if (isEnvironment(error)) throw error;
      if (events.length === 1) {
        await this.park(events[0]!, 1, error, tokens);
        return;
      }
      const ordered = [...byAggregate(events).values()].flatMap((group) =>
        [...group].sort((a, b) => a.version - b.version),
      );
      const middle = Math.ceil(ordered.length / 2);
      await this.isolate(ordered.slice(0, middle), tokens);
      await this.isolate(ordered.slice(middle), tokens);
    }
  }

  private async reattempt(event: Arrival, attempts: number, tokens: FencingTokens): Promise<void> {
    try {
      await this.attempt([event], tokens, SINGLY, event);
    } catch (error) {
      if (isEnvironment(error)) throw error;
      await this.park(event, attempts + 1, error, tokens);
    }
  }

  private async park(event: Arrival, attempts: number, error: unknown, tokens: FencingTokens): Promise<void> {
    const { database, retry = RETRY_POLICY, random = Math.random } = this.options;
    metrics.failedAttempts.inc({ engine: this.name });
    const next = afterFailure(attempts, random(), retry);
    const delayMs = next.state === 'retrying' ? next.delayMs : null;
    await database.transaction(async (tx) => {
      const [row] = await this.checkLeases(tx, tokens, [event]);
      const place: Place = { version: row?.version ?? 0, waiting: row?.waiting ?? undefined, isParked: true };
      // The event was applied or dropped meanwhile, so there is nothing to park.
      if (place.version >= event.version) return;
      tx.atCommit(() =>
        statements.recordFailure(this.name, event, { attempts, state: next.state, delayMs, error: describe(error) }),
      );
      tx.atCommit(() => statements.moveGate(this.name, [event], [place]));
    });
  }

  private async drop(event: Arrival, tokens: FencingTokens): Promise<void> {
    await this.options.database.transaction(async (tx) => {
      const [row] = await this.checkLeases(tx, tokens, [event]);
      const place: Place = { version: event.version, waiting: row?.waiting ?? undefined, isParked: false };
      if (row && row.version < event.version)
        this.record(tx, { apply: [event], defer: [], heads: [event], places: [place] }, 'dropped');
      tx.atCommit(() => statements.forgetFailure(this.name, event));
    });
  }

  /** Processes the deferred events of these aggregates as a batch: those whose predecessor is applied are applied. */
  private async takeReady(events: readonly Arrival[], tokens: FencingTokens): Promise<void> {
    const heads = [...byAggregate(events).values()].map((group) => group[0]!);
    const rows = await this.options.database.query(statements.deferredOf(this.name, statements.columnsOf(heads)));
    const ready = rows.map((row) => arrivalOf(statements.envelopeOf(row)));
    if (ready.length === 0) return;
    try {
      await this.attempt(ready, tokens, FAST);
    } catch (error) {
      if (isEnvironment(error)) throw error;
      // The next sweep (closeGaps) finds the rest of a long queue, and events that become ready while isolating.
      await this.isolate(ready, tokens);
    }
  }
}

/** The places from the answers to `leaseAndGate`. Throws `LeaseLost` when a lease is gone. */
function placesUnderLease(
  [leases, places]: readonly [{ partition: number }[], statements.PlaceRow[]],
  tokens: FencingTokens,
): statements.PlaceRow[] {
  if (leases.length < tokens.size) {
    const own = new Set(leases.map((row) => row.partition));
    throw new LeaseLost([...tokens.keys()].filter((partition) => !own.has(partition)));
  }
  return places;
}

/** `parked`: the event that is tried again. Its aggregate counts as not parked. */
function placesAt(rows: readonly statements.PlaceRow[], heads: readonly Arrival[], parked?: Arrival): Places {
  return new Map(
    rows.map((row) => {
      const { key } = heads[Number(row.ordinal) - 1]!;
      const isParked = row.is_parked && key !== parked?.key;
      return [key, { version: row.version, waiting: row.waiting ?? undefined, isParked }];
    }),
  );
}

function isSame(a: Place, b: Place): boolean {
  return a.version === b.version && a.waiting === b.waiting && a.isParked === b.isParked;
}

function headsOf(groups: Groups): Arrival[] {
  return [...groups.values()].map((group) => group[0]!);
}

/** Errors that no event has caused: a lost lease, or a database that is unavailable, overloaded or resolves a deadlock. */
function isEnvironment(error: unknown): boolean {
  if (error instanceof LeaseLost) return true;
  if (error instanceof DomainError && error.kind === 'unavailable') return true;
  return isRetryable(error) && violatedConstraint(error) === undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2_000) : String(error).slice(0, 2_000);
}
