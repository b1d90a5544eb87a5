/**
 * Events into effects, exactly once.
 *
 *   begin · lease check · gate ─▶ engine's statements ─▶ inbox · gate · deferred · commit        (three flights)
 *   begin · lease check · gate · engine's statement ───▶ inbox · gate · deferred · commit        (two: places assumed)
 *
 * In quiet times a batch assumes where its aggregates stand (see assumed-places.ts), so that the handler starts at once; the
 * answer of the gate, which travels with the engine's first statement, has to agree before anything is recorded.
 *
 * The commit does not wait for the disk. If PostgreSQL itself is killed, its last moments of batches are gone as if they
 * had never been: effects, gate and inbox rows alike. The outbox still has their events, and the relay's reconciler
 * publishes again what has no inbox row. What it has confirmed is safe, because its own commit does wait, and the log is
 * written in order.
 *
 * The lease check locks the lease rows until the commit, so a takeover waits for it and a stale worker is refused by it. The
 * inbox insert does not forgive: an event that the gate lets through and the inbox knows is a contradiction, and the batch
 * is done again carefully, asking the inbox first.
 *
 * A batch that an engine refuses is halved until the refusal is down to one event. That one is parked in failed_events,
 * and the gate keeps its successors back. Failures of the database itself are nobody's poison: they go up, and the
 * consumer as a whole waits.
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

/** Thrown when a lease under a batch is gone; nothing of the batch was kept. */
export class LeaseLost extends Error {
  constructor(readonly partitions: readonly number[]) {
    super(`leases lost: ${partitions.join(', ')}`);
  }
}

/** The gate stands elsewhere than was assumed; nothing of the batch was kept. */
class WrongAssumption extends Error {}

/** Named moments of the protocol. Tests kill the process at each of them. */
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
  /** Ask the inbox, because it contradicted the gate. */
  readonly isCareful: boolean;
  /** Take along deferred events whose turn has come. Not while looking for a poison event: it could be one of them. */
  readonly takesDeferred: boolean;
  /** Assume where aggregates stand, and have it confirmed beside the engine's work. */
  readonly isOptimistic: boolean;
};

/** What comes from the streams may be the future of a database that was restored. */
const TAKING_IN = { isAsynchronous: true, plansOnce: true, guard: NOT_FENCED };

const OPTIMISTIC: Mode = { isCareful: false, takesDeferred: true, isOptimistic: true };
const FAST: Mode = { isCareful: false, takesDeferred: true, isOptimistic: false };
const SINGLY: Mode = { isCareful: true, takesDeferred: false, isOptimistic: false };

/** Events of a batch in quiet times. In a bigger one, a flight saved is nothing, and a wrong guess wastes more. */
const OPTIMISTIC_EVENTS = 100;

export class Applier {
  private readonly name: string;
  private readonly assumedPlaces = new AssumedPlaces();

  constructor(private readonly options: ApplierOptions) {
    this.name = options.consumer.name;
  }

  /** Applies, ignores, defers or parks every event; returns only when each is in PostgreSQL's hands. */
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
      // Also what an engine refused: it may have been told of something that had happened already.
      this.assumedPlaces.forget();
      if (!(error instanceof WrongAssumption)) throw error;
      await this.attempt(events, tokens, FAST);
    }
  }

  /** Whether `retry` or `closeGaps` would find something. */
  async whatWaits(tokens: FencingTokens): Promise<{ failed: boolean; deferred: boolean }> {
    const { database, partitions } = this.options;
    const row = await database.first(statements.waiting(this.name, [...tokens.keys()], partitions));
    return row!;
  }

  /** Tries failed events whose time has come and carries out what operators decided; returns how many it looked at. */
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
   * Deferred events that nothing else would bring up: their predecessor left the outbox by retention, or was applied by a
   * worker that died before it looked for successors. Returns how many aggregates it moved.
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
    }, TAKING_IN);
    stop();
    plan.heads.forEach((head, index) => this.assumedPlaces.learn(head.key, plan.places[index]!));
    metrics.appliedEvents.inc({ engine: this.name }, plan.apply.length);
    metrics.deferredTotal.inc({ engine: this.name }, plan.defer.length);
    await this.options.at?.('committed');
  }

  /** Lease check, gate and, where a predecessor's turn brings it up, deferred events. */
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

  /** Lease check and gate, asked on the way: throws where `decide` would have, or if the gate stands elsewhere than assumed. */
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

  /** Halves until what is refused is one event. Order within an aggregate holds: the left half goes first. */
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
      // Somebody applied or dropped it meanwhile: nothing is left to park.
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

  /** Deferred events of these aggregates, as a batch of their own: those whose turn has come are applied. */
  private async takeReady(events: readonly Arrival[], tokens: FencingTokens): Promise<void> {
    const heads = [...byAggregate(events).values()].map((group) => group[0]!);
    const rows = await this.options.database.query(statements.deferredOf(this.name, statements.columnsOf(heads)));
    const ready = rows.map((row) => arrivalOf(statements.envelopeOf(row)));
    if (ready.length === 0) return;
    try {
      await this.attempt(ready, tokens, FAST);
    } catch (error) {
      if (isEnvironment(error)) throw error;
      // The rest of a long queue, and what isolating leaves ready, is found by the next sweep (closeGaps).
      await this.isolate(ready, tokens);
    }
  }
}

/** The answers to `leaseAndGate`. Throws `LeaseLost`. */
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

/** `parked`: the event that is tried again, whose aggregate counts as if nothing were parked. */
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

/** Nobody's poison: the lease is gone, or the database is away, overloaded or choosing victims. */
function isEnvironment(error: unknown): boolean {
  if (error instanceof LeaseLost) return true;
  if (error instanceof DomainError && error.kind === 'unavailable') return true;
  return isRetryable(error) && violatedConstraint(error) === undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2_000) : String(error).slice(0, 2_000);
}
