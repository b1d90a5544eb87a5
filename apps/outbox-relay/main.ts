import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { starting } from '#platform/boot';
import { bootSettings } from '#platform/config';
import { OutboxRelayModule } from './app.module.js';

const settings = bootSettings('outbox-relay');
await starting('outbox-relay', async () => {
  const app = await NestFactory.createApplicationContext(OutboxRelayModule.with(settings), {
    logger: false,
    abortOnError: false,
  });
  app.enableShutdownHooks([], { useProcessExit: true });
});
