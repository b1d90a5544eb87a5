import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { countTenants } from '#modules/tenancy/operator';
import { printUsageWhenAsked, starting } from '#platform/boot';
import { bootSettings } from '#platform/config';
import { TenantDatabase } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import { createHttpApp, Drain } from '#platform/http/server';
import { LiveFeeds, streamWakes } from '#platform/live';
import { OutboxWaker } from '#platform/outbox';
import { connectRedis, StreamNames } from '#platform/streams';
import { type HealthCheck, MetricsServer } from '#platform/telemetry';
import { VerticalModule } from './app.module.js';

printUsageWhenAsked('vertical\n\nServes the API of the stores and of the operator over HTTP. It takes no words.');
const settings = bootSettings('vertical');
await starting('vertical', async () => {
  const redis = connectRedis({ url: settings.REDIS_URL, name: 'vertical' });
  const checks: HealthCheck[] = [
    { name: 'serving', check: () => app.get(Drain).check() },
    { name: 'database', check: async () => void (await app.get(TenantDatabase).pool.query('select 1')) },
    { name: 'migrations', check: async () => void (await assertMigrated(app.get(CrossTenantDatabase).pool)) },
    // Without Redis, writes still commit and are answered; their events wait in the outbox.
    { name: 'redis', isAdvisory: true, check: async () => void (await redis.ping()) },
  ];
  const app: NestFastifyApplication = await createHttpApp(VerticalModule.with(settings, checks), settings);
  await assertMigrated(app.get(CrossTenantDatabase).pool);

  const names = new StreamNames('construction', settings.STREAM_PARTITIONS);
  const wakers = [app.get(TenantDatabase), app.get(CrossTenantDatabase)].map(
    (database) => new OutboxWaker(database, redis, names),
  );
  const subscriber = connectRedis({ url: settings.REDIS_URL, name: 'vertical-live' });
  app.get(LiveFeeds).wokenBy(streamWakes(subscriber, names));
  const metrics = new MetricsServer(checks, settings.METRICS_ENABLED);
  metrics.gauge('live_streams_open', 'Live streams that are open right now', () => app.get(LiveFeeds).openStreams);
  metrics.gauge(
    'tenants',
    'Stores by the state the operator has them in',
    () => countTenants(app.get(CrossTenantDatabase)),
    'state',
  );
  await metrics.listen(settings.METRICS_PORT);
  await app.listen(settings.PORT, '0.0.0.0');
  // An explicit exit: the first process of a container ignores the signal that Nest would otherwise send to it.
  app.enableShutdownHooks([], { useProcessExit: true });

  app.getHttpServer().once('close', () => {
    for (const waker of wakers) waker.close();
    redis.disconnect();
    subscriber.disconnect();
    void metrics.close();
  });
});
