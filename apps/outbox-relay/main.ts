/** `outbox-relay`: publishes the events of the outbox to Redis Streams until it gets a signal to stop. */
import { printUsageWhenAsked, starting } from '#platform/boot';
import { bootSettings } from '#platform/config';

printUsageWhenAsked(
  'outbox-relay\n\nPublishes the events of the outbox to Redis Streams until it gets a signal to stop. It takes no words.',
);
const settings = bootSettings('outbox-relay');
await starting('outbox-relay', async () => {
  // Loaded here: help needs no server.
  const { NestFactory } = await import('@nestjs/core');
  const { OutboxRelayModule } = await import('./app.module.js');
  const app = await NestFactory.createApplicationContext(OutboxRelayModule.with(settings), {
    logger: false,
    abortOnError: false,
  });
  app.enableShutdownHooks([], { useProcessExit: true });
});
