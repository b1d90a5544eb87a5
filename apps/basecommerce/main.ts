/**
 * `basecommerce`: the operator's command. It sends the command's operation through the same server code as the console,
 * in this process, so that validation, transaction and audit are the same; the actor is the person at the keyboard.
 */
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { Problem } from '#contracts/problem';
import { DomainError } from '#kernel';
import { type Invocation, overviewOf, parseCommandLine, printed, printedProblem, usageOf } from '#platform/command';
import { bootSettings, type Settings } from '#platform/config';
import { createHttpApp, handledOperations } from '#platform/http';
import { CommandModule } from './app.module.js';
import { doctor } from './doctor.js';

const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

process.exitCode = await run(process.argv.slice(2));

async function run(words: string[]): Promise<number> {
  const operations = handledOperations().filter((operation) => operation.command !== undefined);
  if (words[0] === 'doctor') return doctor(bootSettings('basecommerce'), words.includes('--json'));
  try {
    const parsed = parseCommandLine(operations, words);
    if (parsed.kind === 'help') {
      const more = [['doctor', 'Look at the whole system, red things first']] as const;
      process.stdout.write(`${parsed.operation ? usageOf(parsed.operation) : overviewOf(operations, more)}\n`);
      return EXIT.done;
    }
    return await perform(parsed, bootSettings('basecommerce'));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const details = Object.values(error.extras.details ?? {}).join(' ');
    process.stderr.write(`${error.code}: ${error.message} ${details}\nbasecommerce --help lists the commands.\n`);
    return EXIT.usage;
  }
}

async function perform(invocation: Invocation, settings: Settings): Promise<number> {
  // A key of this process alone: whoever can start it with the database's address needs no other.
  const key = randomBytes(48).toString('base64url');
  const own = {
    ...settings,
    MANAGEMENT_API_KEY: key,
    SECRET_KEY: key,
    LOG_LEVEL: 'silent' as const,
    METRICS_ENABLED: false,
  };
  const actor = `operator:cli:${os.userInfo().username}`;
  const app = await createHttpApp(CommandModule.with({ ...own, managementActor: actor }), {
    ...own,
    managementActor: actor,
  });
  try {
    await app.init();
    const answer = await app.inject({
      method: invocation.operation.method,
      url: invocation.path,
      headers: {
        host: `console.${settings.BASE_DOMAIN}`,
        authorization: `Bearer ${key}`,
        ...(invocation.isDryRun ? { 'x-dry-run': 'true' } : {}),
      },
      ...(invocation.body ? { payload: invocation.body } : {}),
    });
    const body = answer.json<unknown>();
    if (answer.statusCode >= 400) {
      process.stderr.write(`${invocation.isJson ? JSON.stringify(body) : printedProblem(body as Problem)}\n`);
      return answer.statusCode === 422 ? EXIT.usage : answer.statusCode >= 500 ? EXIT.failed : EXIT.refused;
    }
    if (invocation.isDryRun) process.stderr.write('dry run: this is what would be; nothing was kept\n');
    process.stdout.write(`${invocation.isJson ? JSON.stringify(body) : printed(body)}\n`);
    return EXIT.done;
  } finally {
    await app.close();
  }
}
