/**
 * `engines`: the worker, its one-shot passes and rebuilds. Help needs no configuration, so settings are read after the
 * arguments.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { tenantNamed } from '#modules/tenancy/worker';
import { starting } from '#platform/boot';
import { bootSettings } from '#platform/config';
import { engineCommand } from '#platform/inbox/worker';
import { EnginesWorkerModule } from './app.module.js';
import { CONSUMERS, PASSES } from './doors.js';

const [verb = 'work', ...rest] = process.argv.slice(2);
await starting(`engines ${verb}`, async () => {
  if (verb === 'work' && rest.length === 0) {
    const settings = bootSettings('engines-worker');
    const app = await NestFactory.createApplicationContext(EnginesWorkerModule.with(settings), {
      logger: false,
      abortOnError: false,
    });
    app.enableShutdownHooks([], { useProcessExit: true });
  } else {
    process.exitCode = await engineCommand(verb, rest, {
      consumers: CONSUMERS,
      passes: PASSES,
      tenantNamed,
      boot: () => bootSettings('engines-worker'),
    });
  }
});
