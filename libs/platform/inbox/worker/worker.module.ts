/** The worker as a Nest module: its connections, its health checks, and the order in which they start and stop. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { SETTINGS, type Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import { OutboxWaker } from '#platform/outbox';
import { assertStreamSettings, connectRedis, EventStreams, StreamNames } from '#platform/streams';
import { MetricsServer } from '#platform/telemetry';
import { createLogger } from '#platform/telemetry/logging';
import type { EventConsumer } from '../consumer.js';
import { CONCURRENCY, Worker } from './worker.js';

export interface WorkerModuleOptions {
  readonly vertical: string;
  readonly consumers: readonly EventConsumer[];
}

const OPTIONS = Symbol('WorkerModuleOptions');

@Injectable()
class WorkerService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log: Logger;
  private readonly database: CrossTenantDatabase;
  private readonly redis: Redis;
  private readonly worker: Worker;
  private readonly waker: OutboxWaker;
  private readonly metrics: MetricsServer;
  private isStarted = false;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(OPTIONS) { vertical, consumers }: WorkerModuleOptions,
  ) {
    const { DATABASE_URL, REDIS_URL, STREAM_PARTITIONS, LOG_LEVEL, METRICS_ENABLED, DATABASE_POOL } = settings;
    const names = new StreamNames(vertical, STREAM_PARTITIONS);
    this.log = createLogger('engines-worker', LOG_LEVEL);
    this.database = new CrossTenantDatabase({
      url: DATABASE_URL,
      role: 'basecommerce_engines',
      application: 'engines-worker',
      // One connection per slot and one per refresher of each consumer, one for the leases and one for the health checks.
      maxConnections: Math.max(DATABASE_POOL, consumers.length * (CONCURRENCY + 1) + 2),
    });
    this.redis = connectRedis({ url: REDIS_URL, name: 'engines-worker' });
    this.worker = new Worker({
      database: this.database,
      streams: new EventStreams(this.redis, names),
      reader: (engine) => connectRedis({ url: REDIS_URL, name: `engines-worker ${engine}`, isBlocking: true }),
      consumers,
      holder: `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
      log: this.log,
    });
    // Engines emit events as well (for example when an insight is opened).
    this.waker = new OutboxWaker(this.database, this.redis, names);
    this.metrics = new MetricsServer(
      [
        { name: 'database', check: async () => void (await this.database.pool.query('select 1')) },
        { name: 'migrations', check: async () => void (await assertMigrated(this.database.pool)) },
        { name: 'redis', check: async () => void (await this.redis.ping()) },
        { name: 'started', check: () => (this.isStarted ? Promise.resolve() : Promise.reject(new Error('starting'))) },
      ],
      METRICS_ENABLED,
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const port = await this.metrics.listen(this.settings.METRICS_PORT);
    await assertMigrated(this.database.pool);
    await this.database.assertConfined();
    for (const warning of await assertStreamSettings(this.redis)) this.log.warn(warning);
    await this.worker.start();
    this.isStarted = true;
    this.log.info({ metrics_port: port }, 'engines-worker is running');
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStarted = false;
    await this.worker.stop();
    this.waker.close();
    await this.metrics.close();
    this.redis.disconnect();
    await this.database.close();
    this.log.info('engines-worker has stopped');
  }
}

@Module({})
export class WorkerModule {
  static over(options: WorkerModuleOptions): DynamicModule {
    return { module: WorkerModule, providers: [{ provide: OPTIONS, useValue: options }, WorkerService] };
  }
}
