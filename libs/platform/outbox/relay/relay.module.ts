/** The relay as a Nest module: its connections, its health checks, and the order in which they start and stop. */
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
import { assertStreamSettings, connectRedis, EventStreams, StreamNames } from '#platform/streams';
import { MetricsServer } from '#platform/telemetry';
import { createLogger } from '#platform/telemetry/logging';
import { reportUnpublished } from './metrics.js';
import type { Subscriptions } from './reconciler.js';
import { Relay } from './relay.js';
import { RelayRepository } from './relay-repository.js';

export interface RelayModuleOptions {
  readonly vertical: string;
  readonly subscriptions: Subscriptions;
}

const OPTIONS = Symbol('RelayModuleOptions');

/**
 * The backlog holds events that were read and not yet published. The window limits the events in Redis that no consumer has
 * taken. Two batches of a worker keep that worker busy. At 40,000 events/s a quiet tenant waits 0.1 s behind a full window.
 */
export const RELAY_LIMITS = {
  backlog: { capacity: 40_000, quota: 4_000 },
  window: { total: 4_000, perPartition: 2_000 },
} as const;

@Injectable()
class RelayService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log: Logger;
  private readonly database: CrossTenantDatabase;
  private readonly redis: Redis;
  private readonly subscriber: Redis;
  private readonly relay: Relay;
  private readonly metrics: MetricsServer;
  private isStarted = false;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(OPTIONS) { vertical, subscriptions }: RelayModuleOptions,
  ) {
    const { DATABASE_URL, REDIS_URL, STREAM_PARTITIONS, LOG_LEVEL, METRICS_ENABLED } = settings;
    this.log = createLogger('outbox-relay', LOG_LEVEL);
    this.database = new CrossTenantDatabase({
      url: DATABASE_URL,
      role: 'basecommerce_relay',
      application: 'outbox-relay',
      onIdleError: (error) => this.relay.disturb(error),
    });
    this.redis = connectRedis({ url: REDIS_URL, name: 'outbox-relay' });
    this.subscriber = connectRedis({ url: REDIS_URL, name: 'outbox-relay wakes' });
    const repository = new RelayRepository(this.database, vertical, STREAM_PARTITIONS);
    this.relay = new Relay({
      ...RELAY_LIMITS,
      repository,
      streams: new EventStreams(this.redis, new StreamNames(vertical, STREAM_PARTITIONS)),
      subscriptions,
      subscriber: this.subscriber,
      holder: `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
      log: this.log,
      at: () => undefined,
    });
    this.metrics = new MetricsServer(
      [
        { name: 'database', check: async () => void (await this.database.pool.query('select 1')) },
        { name: 'migrations', check: async () => void (await assertMigrated(this.database.pool)) },
        { name: 'redis', check: async () => void (await this.redis.ping()) },
        { name: 'recovery', check: () => assertNotFenced(this.relay.fence) },
        { name: 'started', check: () => (this.isStarted ? Promise.resolve() : Promise.reject(new Error('starting'))) },
      ],
      METRICS_ENABLED,
    );
    reportUnpublished(this.metrics, repository);
    this.metrics.gauge('recovery_fenced', '1 while nothing leaves the database, until an operator confirms', () =>
      this.relay.fence === undefined ? 0 : 1,
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const port = await this.metrics.listen(this.settings.METRICS_PORT);
    await assertMigrated(this.database.pool);
    await this.database.assertConfined();
    for (const warning of await assertStreamSettings(this.redis)) this.log.warn(warning);
    await this.relay.start();
    this.isStarted = true;
    this.log.info({ metrics_port: port }, 'outbox-relay is running');
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStarted = false;
    await this.relay.stop();
    await this.metrics.close();
    this.redis.disconnect();
    this.subscriber.disconnect();
    await this.database.close();
    this.log.info('outbox-relay has stopped');
  }
}

function assertNotFenced(because: string | undefined): Promise<void> {
  return because === undefined ? Promise.resolve() : Promise.reject(new Error(`recovery_fenced: ${because}`));
}

@Module({})
export class RelayModule {
  static over(options: RelayModuleOptions): DynamicModule {
    return { module: RelayModule, providers: [{ provide: OPTIONS, useValue: options }, RelayService] };
  }
}
