/**
 * One consumer in one worker process, over the partitions that this worker holds.
 *
 *   read ─┬─ few events ──▶ one batch over all partitions ────────────────┬─▶ Applier ─▶ acknowledge ─▶ refresh insights
 *         └─ a backlog ──▶ one batch per slot, each slot its partitions ──┘
 *              └── the next read waits in Redis while these batches are in PostgreSQL
 *
 * The loop is in one of two modes, decided by each read:
 *
 * - quiet: the read returned fewer than BACKLOG_EVENTS events. They form one batch, and the loop waits for it.
 * - backlog: the read returned at least that many. `concurrency` slots process batches at the same time: while one waits for
 *   its commit to reach the disk, another one applies. A partition always belongs to the same slot.
 *
 * In the quiet mode more slots would only make more transactions of fewer events each. In both modes a partition is never in
 * two batches at once.
 *
 * The loop periodically reads the entries that were delivered and never acknowledged: by a predecessor, by a connection that
 * broke, or because Redis lost the acknowledgement. Reading an entry twice is harmless, because the gate knows what it has
 * applied. Not reading it again would lose it.
 *
 * The loop does not wait for acknowledgements. They are sent after the commit, and if one is lost, the entry is read again.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import {
  type Acknowledgement,
  envelopesOf,
  type EventStreams,
  foreignEntries,
  type StreamEntry,
} from '#platform/streams';
import type { EventConsumer } from '../consumer.js';
import { Applier, type ApplierOptions, type FencingTokens, LeaseLost } from './applier.js';
import { BATCH_EVENTS, batchesOf, countOf, nameOf } from './entries.js';
import { type Arrival, arrivalOf } from './event.js';
import * as metrics from './metrics.js';
import { NewerEntries } from './newer-entries.js';
import type { Refresher } from './refresher.js';

export interface ConsumerLoopOptions extends Omit<ApplierOptions, 'partitions'> {
  readonly concurrency: number;
  readonly database: CrossTenantDatabase;
  readonly consumer: EventConsumer;
  readonly streams: EventStreams;
  /** A separate connection, because it blocks in XREADGROUP. */
  readonly reader: Redis;
  readonly tokens: () => FencingTokens;
  /** The recovery epoch in which the leases are held. */
  readonly recovery: () => number;
  /** When the newest answer about leases and recovery epoch was asked for, as `performance.now()`. */
  readonly renewedAt: () => number;
  readonly refresher: Refresher;
  readonly onLeaseLost: (partition: number) => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** The most entries of one partition in one read. A read takes about one batch per slot; a quiet tenant waits behind the rest. */
const MOST_ENTRIES = 64;
const BLOCK_MS = 250;
/** A read of at least this many events is a backlog. */
const BACKLOG_EVENTS = 100;
/** The interval of reading pending entries while new entries arrive. After an empty read the next one comes sooner. */
const PENDING_EVERY_MS = 3_000;
const PENDING_IDLE_MS = 500;
const LOOK_EVERY_MS = 500;
const GAPS_EVERY_MS = 2_000;
const NO_LEASE_PAUSE_MS = 50;
const LONGEST_BACKOFF_MS = 2_000;

export class ConsumerLoop {
  private readonly applier: Applier;
  private readonly acknowledging = new Set<Promise<void>>();
  private isStopping = false;
  private running: Promise<void> | undefined;
  /** The running batch of each slot; it resolves when the slot is free. The quiet mode uses only the first slot. */
  private readonly busy: Promise<void>[];
  private failure: Error | undefined;
  private ahead: Promise<StreamEntry[] | Error> | undefined;
  /** Ids of entries that were read ahead and are not handled yet. */
  private aheadIds = new Set<string>();
  /** Events per entry in the last read: 1 in the quiet mode, up to 200 in a backlog. */
  private entrySize = 1;
  private readonly newer = new NewerEntries();
  private due = { pending: 0, look: 0, gaps: 0 };
  /** What the last look found: failed events that are due, and deferred events that may wait for a lost predecessor. */
  private seen = { failed: false, deferred: false };
  private looking: Promise<void> | undefined;

  constructor(private readonly options: ConsumerLoopOptions) {
    this.applier = new Applier({ ...options, partitions: options.streams.names.partitions });
    this.busy = Array.from({ length: options.concurrency }, () => Promise.resolve());
    // Prometheus sees no increase in a series that begins with its first entry.
    foreignEntries.inc({ reader: this.engine }, 0);
  }

  start(): void {
    this.running = this.run();
  }

  /** Waits for the running batches and their acknowledgements. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
    await this.waitForBatches();
  }

  /** Waits for the running batches. Called before this worker gives partitions away. */
  async waitForBatches(): Promise<void> {
    await Promise.all(this.busy);
    await Promise.all(this.acknowledging);
    await this.looking;
  }

  /** Handles everything that waits, then refreshes; returns how much it did. For tests and tools. */
  async drain(): Promise<number> {
    const { streams, consumer } = this.options;
    const partitions = [...this.options.tokens().keys()];
    let total = 0;
    for (;;) {
      const pending = await streams.readPending(
        streams.redis,
        consumer.name,
        partitions,
        this.entriesPerRead(partitions),
      );
      const entries =
        pending.length > 0
          ? pending
          : await streams.readNew(streams.redis, consumer.name, partitions, this.entriesPerRead(partitions), 0);
      await this.handle(entries);
      await this.waitForBatches();
      const retried = await this.applier.retry(this.options.tokens());
      const closed = await this.applier.closeGaps(this.options.tokens());
      const refreshed = await this.options.refresher.drain();
      const done = entries.length + retried + closed + refreshed;
      if (done === 0) return total;
      total += done;
    }
  }

  private get engine(): string {
    return this.options.consumer.name;
  }

  private async run(): Promise<void> {
    let backoff = 0;
    while (!this.isStopping) {
      try {
        await this.turn();
        backoff = 0;
      } catch (error) {
        await this.waitForBatches();
        this.failure = undefined;
        if (this.isStopping) break;
        if (error instanceof LeaseLost) {
          for (const partition of error.partitions) this.options.onLeaseLost(partition);
          continue;
        }
        // No position is lost: entries that were read and not acknowledged are pending and are read again.
        this.due.pending = 0;
        if (isGroupMissing(error)) {
          await this.options.streams.ensureGroups([this.engine]).catch(() => undefined);
          backoff = 5;
        } else {
          backoff = Math.min(LONGEST_BACKOFF_MS, backoff * 2 + 25);
          this.options.log.error({ err: error, engine: this.engine, backoff }, 'a batch was interrupted');
        }
        await pause(backoff * (0.5 + Math.random() / 2));
      }
    }
  }

  private async turn(): Promise<void> {
    const tokens = this.options.tokens();
    if (tokens.size === 0) return pause(NO_LEASE_PAUSE_MS);
    const now = performance.now();
    if (now >= this.due.pending) {
      this.due.pending = now + PENDING_EVERY_MS;
      await this.idle();
      await this.sweepPending([...tokens.keys()]);
    }
    if (now >= this.due.look) {
      this.due.look = now + LOOK_EVERY_MS;
      this.look(tokens);
    }
    await this.lookAfter(tokens);
    const entries = await this.nextEntries([...tokens.keys()]);
    // In a backlog the next read is sent before these batches are handled, so the loop never waits for Redis. In the quiet mode
    // such a read would return with the first new event alone, and each event that follows would become its own transaction.
    if (countOf(entries) >= BACKLOG_EVENTS) {
      this.readAhead([...tokens.keys()]);
      return this.spread(entries);
    }
    if (entries.length === 0) this.due.pending = Math.min(this.due.pending, now + PENDING_IDLE_MS);
    return this.handle(entries);
  }

  /** Checks, beside the batches, for failed and deferred events. There are rarely any, so the batches do not wait for it. */
  private look(tokens: FencingTokens): void {
    this.looking ??= this.applier
      .whatWaits(tokens)
      .then((seen) => void (this.seen = seen))
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => (this.looking = undefined));
  }

  /** Handles failed and deferred events. It waits for the batches first, so that it never runs beside one of its partition. */
  private async lookAfter(tokens: FencingTokens): Promise<void> {
    if (this.seen.failed) {
      this.seen = { ...this.seen, failed: false };
      await this.idle();
      if ((await this.applier.retry(tokens)) > 0) this.options.refresher.mark();
    }
    const now = performance.now();
    if (now < this.due.gaps) return;
    this.due.gaps = now + GAPS_EVERY_MS;
    if (this.seen.deferred) {
      await this.idle();
      await this.applier.closeGaps(tokens);
    }
    // A worker that died, or a replay, may also have left stale rows.
    this.options.refresher.mark();
  }

  private async nextEntries(partitions: readonly number[]): Promise<StreamEntry[]> {
    if (!this.ahead) this.readAhead(partitions);
    const entries = await this.ahead!;
    this.ahead = undefined;
    if (!(entries instanceof Error) && entries.length > 0) {
      this.entrySize = Math.max(1, countOf(entries) / entries.length);
    }
    this.aheadIds = new Set();
    if (entries instanceof Error) throw entries;
    return entries;
  }

  private readAhead(partitions: readonly number[]): void {
    const { streams, reader } = this.options;
    // A failure is kept as a value, because it may happen before the loop waits for this promise.
    this.ahead = streams
      .readNew(reader, this.engine, partitions, this.entriesPerRead(partitions), BLOCK_MS)
      .catch((error: Error) => error);
    void this.ahead.then((entries) => {
      this.aheadIds = new Set(entries instanceof Error ? [] : entries.map(nameOf));
    });
  }

  private entriesPerRead(partitions: readonly number[]): number {
    const events = BATCH_EVENTS * this.busy.length;
    return Math.max(1, Math.min(MOST_ENTRIES, Math.floor(events / partitions.length / this.entrySize)));
  }

  /** Reads and handles the pending entries that this worker has not just read itself. */
  private async sweepPending(partitions: readonly number[]): Promise<void> {
    const { streams } = this.options;
    let seen = new Set<string>();
    for (;;) {
      await Promise.all(this.acknowledging);
      const pending = await streams.readPending(
        streams.redis,
        this.engine,
        partitions,
        this.entriesPerRead(partitions),
      );
      const entries = pending.filter((entry) => !this.aheadIds.has(nameOf(entry)));
      // The same entries again: they were handled and could not be acknowledged. The next sweep tries again.
      if (entries.every((entry) => seen.has(nameOf(entry)))) return;
      seen = new Set(entries.map(nameOf));
      await this.handle(entries);
    }
  }

  /** Processes one batch after the other; resolves when all are done. */
  private async handle(entries: readonly StreamEntry[]): Promise<void> {
    await this.idle();
    for (const batch of batchesOf(entries)) {
      this.enter(0, batch);
      await this.idle();
      if (this.isStopping) return;
    }
  }

  /** Processes batches at the same time, each partition always in the same slot; resolves when all have begun. */
  private async spread(entries: readonly StreamEntry[]): Promise<void> {
    for (let slot = 0; slot < this.busy.length; slot++) {
      const own = entries.filter((entry) => entry.partition % this.busy.length === slot);
      for (const batch of batchesOf(own)) {
        await this.busy[slot];
        if (this.failure) throw this.failure;
        if (this.isStopping) return;
        this.enter(slot, batch);
      }
    }
  }

  private enter(slot: number, batch: readonly StreamEntry[]): void {
    this.busy[slot] = this.handleBatch(batch).catch((error: unknown) => {
      this.failure ??= error instanceof Error ? error : new Error(String(error));
    });
  }

  /** Resolves when no batch is running; throws the error of a slot that has failed. */
  private async idle(): Promise<void> {
    await Promise.all(this.busy);
    const failure = this.failure;
    this.failure = undefined;
    if (failure) throw failure;
  }

  private async handleBatch(entries: readonly StreamEntry[]): Promise<void> {
    await this.options.at?.('received');
    const held = this.options.tokens();
    const recovery = this.options.recovery();
    // If the partition was given away since the read, its next holder finds the entries pending. Entries of a newer recovery
    // epoch stay pending until this worker has learned of that epoch.
    const owned = entries.filter((entry) => held.has(entry.partition));
    const mine = owned.filter((entry) => entry.recovery <= recovery || this.isOfInventedEpoch(entry));
    const tokens = new Map(mine.map((entry) => [entry.partition, held.get(entry.partition)!]));
    // Entries of an earlier epoch are acknowledged and not applied. Their valid events are published again from the outbox.
    const events = mine
      .filter((entry) => entry.recovery === recovery || entry.isForeign)
      .flatMap((entry) => this.eventsOf(entry));
    await this.applier.handle(events, tokens);
    if (events.length > 0) this.options.refresher.mark();
    this.acknowledge(mine, tokens);
  }

  private isOfInventedEpoch(entry: StreamEntry): boolean {
    const isInvented = this.newer.isInvented(nameOf(entry), this.options.renewedAt());
    if (isInvented) this.skipForeign(entry);
    return isInvented;
  }

  private eventsOf(entry: StreamEntry): Arrival[] {
    const envelopes = envelopesOf(entry);
    if (!envelopes) {
      this.skipForeign(entry);
      return [];
    }
    if (entry.events === undefined) metrics.vanishedEntries.inc({ engine: this.engine });
    const { aggregates } = this.options.consumer;
    return envelopes.map(arrivalOf).filter((event) => (aggregates as readonly string[]).includes(event.aggregate));
  }

  private skipForeign({ partition, id }: StreamEntry): void {
    foreignEntries.inc({ reader: this.engine });
    this.options.log.error(
      { engine: this.engine, partition, id },
      'an entry that no relay can have written was skipped',
    );
  }

  private acknowledge(entries: readonly StreamEntry[], tokens: FencingTokens): void {
    const ids = new Map<number, string[]>();
    for (const entry of entries) ids.set(entry.partition, [...(ids.get(entry.partition) ?? []), entry.id]);
    const acks: Acknowledgement[] = [...ids].map(([partition, own]) => ({
      partition,
      token: tokens.get(partition)!,
      ids: own,
    }));
    const done = this.options.streams
      .acknowledge(this.engine, acks)
      .then((answers) => {
        answers.forEach((answer, index) => {
          if (answer === 'SUPERSEDED') this.options.onLeaseLost(acks[index]!.partition);
        });
        return this.options.at?.('acknowledged');
      })
      .catch((error: unknown) =>
        this.options.log.warn(
          { err: error, engine: this.engine },
          'an acknowledgement failed; the entries are read again',
        ),
      )
      .finally(() => this.acknowledging.delete(done));
    this.acknowledging.add(done);
  }
}

/** The stream, the group or both are gone: Redis was flushed, or the key evicted. */
function isGroupMissing(error: unknown): boolean {
  return error instanceof Error && /^(NOGROUP|UNBLOCKED)/.test(error.message);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
