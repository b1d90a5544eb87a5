/**
 * The worker process. It renews its leases in the background and runs one loop per consumer. See leases.ts (which partitions),
 * consumer-loop.ts (how events arrive) and applier.ts (how events become effects).
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { sql } from '#platform/database';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import type { EventStreams } from '#platform/streams';
import type { EventConsumer } from '../consumer.js';
import type { WorkerStep } from './applier.js';
import { ConsumerLoop } from './consumer-loop.js';
import { LeaseRepository } from './lease-repository.js';
import { Leases } from './leases.js';
import * as metrics from './metrics.js';
import { Refresher } from './refresher.js';
import type { RetryPolicy } from './retry.js';

export interface WorkerOptions {
  readonly database: CrossTenantDatabase;
  readonly streams: EventStreams;
  /** Creates the connection on which one consumer waits for new entries. */
  readonly reader: (engine: string) => Redis;
  readonly consumers: readonly EventConsumer[];
  /** Unique per process: host, process id and a random part. */
  readonly holder: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly leaseMs?: number;
  readonly concurrency?: number;
  readonly retry?: RetryPolicy;
  readonly at?: (step: WorkerStep) => void | Promise<void>;
}

const LEASE_MS = 5_000;
/**
 * Batches that one consumer processes at the same time while it has a backlog. 100,000 events were processed at 31,000 events/s
 * with one, 36,000 with two and 37,500 with four.
 */
export const CONCURRENCY = 2;
const MEASURE_MS = 5_000;

export class Worker {
  private readonly loops: ReadonlyMap<string, ConsumerLoop>;
  private readonly refreshers: Refresher[] = [];
  private readonly readers: Redis[] = [];
  private readonly leases: Leases;
  private readonly timers: NodeJS.Timeout[] = [];
  private tending: Promise<void> | undefined;

  constructor(private readonly options: WorkerOptions) {
    const { database, streams, consumers, holder, leaseMs = LEASE_MS } = options;
    const names = consumers.map((consumer) => consumer.name);
    const leases = new LeaseRepository(database, holder, leaseMs);
    this.leases = new Leases(leases, streams, names, leaseMs, (engine) => this.loops.get(engine)!.waitForBatches());
    this.loops = new Map(consumers.map((consumer) => [consumer.name, this.loopOf(consumer)]));
  }

  /** The number of partitions held, over all consumers. */
  get held(): number {
    return this.leases.count;
  }

  async start(): Promise<void> {
    const { streams, consumers, leaseMs = LEASE_MS } = this.options;
    await streams.ensureGroups(consumers.map((consumer) => consumer.name));
    await this.leases.prepare();
    await this.tend();
    this.timers.push(setInterval(() => void this.tend(), leaseMs / 5));
    this.timers.push(setInterval(() => void this.measure(), MEASURE_MS));
    for (const refresher of this.refreshers) refresher.mark();
    for (const loop of this.loops.values()) loop.start();
  }

  /** Waits for the running batches, then releases the leases, so that other workers take over at once. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
    await Promise.all(this.refreshers.map((refresher) => refresher.stop()));
    await this.tending;
    for (const reader of this.readers) reader.disconnect();
    await this.leases.leave().catch(() => undefined);
  }

  /** Takes the leases and handles everything that waits. For tests and tools that call a worker step by step. */
  async drain(): Promise<number> {
    await this.options.streams.ensureGroups([...this.loops.keys()]);
    await this.leases.prepare();
    await this.leases.tend();
    let total = 0;
    for (const loop of this.loops.values()) total += await loop.drain();
    return total;
  }

  private loopOf(consumer: EventConsumer): ConsumerLoop {
    const { database, streams, holder, log, retry, at, reader: connect, concurrency = CONCURRENCY } = this.options;
    const refresher = new Refresher(database, consumer, (error) =>
      log.error({ err: error, engine: consumer.name }, 'a refresh failed'),
    );
    this.refreshers.push(refresher);
    const reader = connect(consumer.name);
    this.readers.push(reader);
    return new ConsumerLoop({
      database,
      consumer,
      refresher,
      streams,
      reader,
      holder,
      concurrency,
      log,
      tokens: () => this.leases.tokens(consumer.name),
      recovery: () => this.leases.recovery,
      renewedAt: () => this.leases.lastRenewal,
      onLeaseLost: (partition) => this.leases.lost(consumer.name, partition),
      ...(retry ? { retry } : {}),
      ...(at ? { at } : {}),
    });
  }

  private async tend(): Promise<void> {
    this.tending ??= this.leases
      .tend()
      .then(() =>
        this.loops.forEach((_, engine) => metrics.heldPartitions.set({ engine }, this.leases.tokens(engine).size)),
      )
      .catch((error: unknown) => this.options.log.warn({ err: error }, 'leases could not be renewed'))
      .finally(() => (this.tending = undefined));
    await this.tending;
  }

  private async measure(): Promise<void> {
    const { database, log } = this.options;
    try {
      const rows = await database.query<{ engine: string; dead: number; retrying: number; deferred: number }>(sql`
        select engine,
               (select count(*)::int from failed_events f where f.engine = e.engine and state = 'dead') as dead,
               (select count(*)::int from failed_events f where f.engine = e.engine and state = 'retrying') as retrying,
               (select count(*)::int from deferred_events d where d.engine = e.engine) as deferred
          from unnest(${[...this.loops.keys()]}::text[]) as e(engine)`);
      for (const { engine, dead, retrying, deferred } of rows) {
        metrics.deadLetters.set({ engine }, dead);
        metrics.retryingEvents.set({ engine }, retrying);
        metrics.deferredEvents.set({ engine }, deferred);
      }
      for (const { measure } of this.options.consumers) await measure?.(database);
    } catch (error) {
      log.warn({ err: error }, 'the counts of waiting and failed events are not available');
    }
  }
}
