import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { starting } from '#platform/boot';
import { bootSettings } from '#platform/config';
import { engineCommand } from '#platform/inbox/worker';
import { EnginesWorkerModule } from './app.module.js';
import { CONSUMERS, PASSES } from './doors.js';

const settings = bootSettings('engines-worker');
const [verb = 'work', ...rest] = process.argv.slice(2);
await starting(`engines ${verb}`, async () => {
  if (verb === 'work') {
    const app = await NestFactory.createApplicationContext(EnginesWorkerModule.with(settings), {
      logger: false,
      abortOnError: false,
    });
    app.enableShutdownHooks([], { useProcessExit: true });
  } else {
    process.exitCode = await engineCommand(verb, rest, CONSUMERS, PASSES, settings);
  }
});
