import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { bootSettings } from '#platform/config';
import { engineCommand } from '#platform/inbox/worker';
import { ENGINES, EnginesWorkerModule, PASSES } from './app.module.js';

const settings = bootSettings('engines-worker');
const [verb = 'work', ...rest] = process.argv.slice(2);
try {
  if (verb === 'work') {
    const app = await NestFactory.createApplicationContext(EnginesWorkerModule.with(settings), {
      logger: false,
      abortOnError: false,
    });
    app.enableShutdownHooks([], { useProcessExit: true });
  } else {
    process.exitCode = await engineCommand(verb, rest, ENGINES, PASSES, settings);
  }
} catch (error) {
  process.stderr.write(`engines ${verb}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
