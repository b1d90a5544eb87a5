/**
 * The relay process. It is in one of three modes:
 *
 * - standby: another relay holds the lease. Entered at the start and whenever a claim of the lease fails. The process tries
 *   to claim the lease every quarter of a second, and leaves this mode when it succeeds (see ownership.ts).
 * - leading: this process holds the lease and runs one term (see term.ts). It leaves this mode when it is stopped, when
 *   another relay has taken the lease, when Redis has lost the fencing token, or at any error of PostgreSQL or Redis.
 * - waiting for confirmation: this process holds the lease, but the recovery fence is up, so it publishes nothing. It
 *   leaves this mode when an operator confirms a recovery epoch (see libs/platform/recovery).
 *
 * A server that is unavailable ends the term, never the process. The next term starts from the saved position.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { deleteExpiredRows } from '#platform/retention';
import { startLeading, stopLeading } from './metrics.js';
import { deleteOldTerms, RecoveryFenced } from './recovery.js';
import { Term, TermEnded, type TermParts } from './term.js';
import { listenForWakes, WakeSignal } from './wake.js';

export interface RelayOptions extends TermParts {
  /** Unique per process: host, process id and a random part. */
  readonly holder: string;
  /** A connection of its own: a subscriber can do nothing else. */
  readonly subscriber: Redis;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly leaseMs?: number;
  readonly pollMs?: number;
  readonly tendMs?: number;
  readonly retentionDays?: number;
}

const LEASE_MS = 5_000;
const POLL_MS = 250;
/** Maintenance delays the events that arrive during it (visible at p99), so it runs at most once a second. */
const TEND_MS = 1_000;
/** The pause before a full window is checked again. At 50,000 events/s, 250 events arrive in 5 ms. */
const WINDOW_PAUSE_MS = 5;
const STANDBY_MS = 250;
/** The pause between two checks whether an operator has confirmed a recovery epoch. */
const FENCED_PAUSE_MS = 500;
const LONGEST_BACKOFF_MS = 1_000;
const DAYS_AHEAD = 7;
const DAYS_EVERY_MS = 600_000;
/** Thirteen months. The engines' longest window is 12 months of sales, and a replay must be able to rebuild it. */
const RETENTION_DAYS = 400;

export class Relay {
  private readonly signal = new WakeSignal();
  private isStopping = false;
  private running: Promise<void> | undefined;
  /**
   * The end of the lease by this process's monotonic clock. It is computed from the moment before the claim was sent, so it
   * is never later than the end that PostgreSQL sees.
   */
  private leaseEndsAt = 0;
  private token: bigint | undefined;
  private disturbance: Error | undefined;
  private fenceReason: string | undefined;

  constructor(private readonly options: RelayOptions) {}

  get isLeader(): boolean {
    return this.token !== undefined && performance.now() < this.leaseEndsAt;
  }

  /** The reason why nothing may leave the database, as the last term found it; undefined when events may leave. */
  get fence(): string | undefined {
    return this.fenceReason;
  }

  /**
   * Reports that an idle connection to PostgreSQL broke, which may mean that PostgreSQL crashed. After a crash it reuses the
   * transaction ids that it had not yet written to its log, so a snapshot kept in memory would take the new transactions for
   * old ones. A saved snapshot is safe, because everything it names was written to the log before it. Therefore the term ends.
   */
  disturb(error: Error): void {
    this.disturbance ??= error;
    this.signal.set();
  }

  async start(): Promise<void> {
    await listenForWakes(this.options.subscriber, this.options.streams.names, this.signal);
    this.running = this.run();
  }

  /** Finishes the current step, saves the position and releases the lease, so that a standby takes over at once. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.signal.set();
    await this.running;
  }

  /**
   * Publishes the events of the outbox for which the window has room, and returns their number. For tests and tools that
   * call a relay step by step instead of starting it.
   */
  async drain(): Promise<number> {
    if (!(await this.claim())) throw new Error('another relay holds the lease');
    const term = await Term.begin(this.options, this.token!);
    do {
      while ((await term.step(true)) === 'busy');
    } while ((await term.tend(() => this.isLeader)) > 0);
    await term.save();
    return term.publishedEvents;
  }

  private async run(): Promise<void> {
    const { log } = this.options;
    let backoff = 0;
    while (!this.isStopping) {
      try {
        if (await this.claim()) {
          await this.lead();
          backoff = 0;
        } else {
          await this.signal.wait(this.standbyPause());
        }
      } catch (error) {
        if (error instanceof RecoveryFenced) {
          await this.waitForConfirmation(error.message);
          continue;
        }
        const isRoutine = error instanceof TermEnded;
        if (isRoutine) log.warn({ reason: error.reason }, 'the relay starts a new term');
        else log.error({ err: error }, 'the relay was interrupted and starts again');
        backoff = isRoutine ? 0 : Math.min(LONGEST_BACKOFF_MS, backoff * 2 + 50);
        if (isRoutine && error.reason === 'superseded') this.token = undefined;
        await new Promise((resolve) => setTimeout(resolve, backoff));
      }
      stopLeading();
    }
    if (this.token !== undefined) await this.options.repository.release(this.options.holder).catch(() => undefined);
  }

  /** Keeps the lease and the daily partitions, publishes nothing, and checks again after a pause. */
  private async waitForConfirmation(because: string): Promise<void> {
    stopLeading();
    if (this.fenceReason !== because) {
      this.options.log.warn({ because }, 'nothing is published until an operator confirms a recovery epoch');
      await this.keepDays().catch(() => undefined);
    }
    this.fenceReason = because;
    this.signal.take();
    await this.signal.wait(Math.min(FENCED_PAUSE_MS, (this.options.leaseMs ?? LEASE_MS) / 4));
  }

  private async lead(): Promise<void> {
    const { log, pollMs = POLL_MS } = this.options;
    this.disturbance = undefined;
    const term = await Term.begin(this.options, this.token!);
    this.fenceReason = undefined;
    log.info({ token: String(term.token) }, 'this relay leads');
    startLeading();
    const beside = new Beside();
    beside.repeat(this.options.tendMs ?? TEND_MS, async () => {
      const isAlive = () => this.isLeader && !this.isStopping && !this.disturbance;
      if ((await term.tend(isAlive)) > 0) this.signal.set();
    });
    beside.repeat((this.options.leaseMs ?? LEASE_MS) / 3, () => this.renew());
    beside.repeat(DAYS_EVERY_MS, () => this.keepDays());
    try {
      let polledAt = -Infinity;
      while (!this.isStopping) {
        if (!this.isLeader) throw new TermEnded('superseded');
        this.checkConnections();
        const now = performance.now();
        const isDue = this.signal.take() || now - polledAt >= pollMs;
        if (isDue) polledAt = now;
        const outcome = await term.step(isDue);
        beside.check();
        if (outcome === 'idle') await this.signal.wait(polledAt + pollMs - performance.now());
        else if (outcome === 'blocked') await this.signal.wait(WINDOW_PAUSE_MS);
      }
      await term.save();
    } finally {
      await beside.stop();
    }
  }

  private checkConnections(): void {
    if (this.disturbance) throw this.disturbance;
  }

  private async claim(): Promise<boolean> {
    const { repository, holder, leaseMs = LEASE_MS } = this.options;
    const askedAt = performance.now();
    this.token = await repository.claim(holder, leaseMs);
    this.leaseEndsAt = askedAt + leaseMs;
    return this.token !== undefined;
  }

  /** A renewal that returns another token, or none, means that another relay has led in between. */
  private async renew(): Promise<void> {
    const before = this.token;
    try {
      if (!(await this.claim()) || this.token !== before) throw new TermEnded('superseded');
    } catch (error) {
      if (error instanceof TermEnded || !this.isLeader) throw error;
    }
  }

  private async keepDays(): Promise<void> {
    const { repository, retentionDays = RETENTION_DAYS, log } = this.options;
    await repository.ensureDays(DAYS_AHEAD);
    await deleteOldTerms(repository.database, retentionDays);
    const dropped = await repository.dropDays(retentionDays);
    if (dropped > 0) log.info({ dropped }, 'days older than the retention were dropped from outbox and inbox');
    const deleted = await deleteExpiredRows(repository.database);
    if (Object.keys(deleted).length > 0) log.info({ deleted }, 'rows older than their retention were deleted');
  }

  private standbyPause(): number {
    this.signal.take();
    return Math.min(STANDBY_MS, (this.options.leaseMs ?? LEASE_MS) / 4);
  }
}

/** Periodic work beside the loop. Each kind runs once at a time. `check` throws the first error of any of them. */
class Beside {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private failure: Error | undefined;

  repeat(everyMs: number, work: () => Promise<void>): void {
    let isBusy = false;
    const run = () => {
      if (isBusy) return;
      isBusy = true;
      const done = work()
        .catch((error: unknown) => {
          this.failure ??= error instanceof Error ? error : new Error(String(error));
        })
        .finally(() => {
          isBusy = false;
          this.underWay.delete(done);
        });
      this.underWay.add(done);
    };
    run();
    this.timers.push(setInterval(run, everyMs));
  }

  check(): void {
    if (this.failure) throw this.failure;
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.underWay);
  }
}
