/**
 * `engines`: the worker, its one-shot passes and rebuilds. Help needs no configuration, so settings are read after the
 * arguments.
 */
import { tenantNamed } from '#modules/tenancy/worker';
import { starting } from '#platform/boot';
import { bootSettings } from '#platform/config';
import { engineCommand } from '#platform/inbox/worker';
import { CONSUMERS, PASSES } from './doors.js';

const [verb = 'work', ...rest] = process.argv.slice(2);
await starting(`engines ${verb}`, async () => {
  if (verb === 'work' && rest.length === 0) {
    const settings = bootSettings('engines-worker');
    // Loaded here: one-shot work and help need no server.
    const { NestFactory } = await import('@nestjs/core');
    const { EnginesWorkerModule } = await import('./app.module.js');
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
