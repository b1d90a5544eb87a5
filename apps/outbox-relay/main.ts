import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { bootSettings } from '#platform/config';
import { OutboxRelayModule } from './app.module.js';

const settings = bootSettings('outbox-relay');
try {
  const app = await NestFactory.createApplicationContext(OutboxRelayModule.with(settings), {
    logger: false,
    abortOnError: false,
  });
  app.enableShutdownHooks([], { useProcessExit: true });
} catch (error) {
  process.stderr.write(`outbox-relay: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
