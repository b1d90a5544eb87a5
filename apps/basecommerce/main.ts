/**
 * `basecommerce`: the operator's command. It sends the command's operation through the same server code as the console
 * (console.ts). Commands that work on files or on the whole system have no operation: doctor.ts, stores/command.ts.
 */
import type { Problem } from '#contracts/problem';
import { DomainError } from '#kernel';
import { type Invocation, overviewOf, parseCommandLine, printed, printedProblem, usageOf } from '#platform/command';
import { starting } from '#platform/boot';
import { bootSettings, type Settings } from '#platform/config';
import { handledOperations } from '#platform/http';
// Importing it registers the operations.
import './app.module.js';
import { ask } from './console.js';
import { doctor } from './doctor.js';
import { EXIT } from './exit.js';
import { isStoreCommand, STORE_COMMANDS, storeCommand } from './stores/command.js';

await starting('basecommerce', async () => {
  process.exitCode = await run(process.argv.slice(2));
});

async function run(words: string[]): Promise<number> {
  const operations = handledOperations().filter((operation) => operation.command !== undefined);
  if (words[0] === 'doctor') return doctor(bootSettings('basecommerce'), words.includes('--json'));
  const request = (line: string[], settings: Settings) => {
    const parsed = parseCommandLine(operations, line);
    if (parsed.kind === 'help') throw new Error(`${line.join(' ')} is not a command`);
    return ask(parsed, settings);
  };
  if (isStoreCommand(words)) return storeCommand(words, () => bootSettings('basecommerce'), request);
  try {
    const parsed = parseCommandLine(operations, words);
    if (parsed.kind === 'help') {
      const more = [['doctor', 'Look at the whole system, red things first'], ...STORE_COMMANDS] as const;
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
  const { status, body } = await ask(invocation, settings);
  if (status >= 400) {
    process.stderr.write(`${invocation.isJson ? JSON.stringify(body) : printedProblem(body as Problem)}\n`);
    return status === 422 ? EXIT.usage : status >= 500 ? EXIT.failed : EXIT.refused;
  }
  if (invocation.isDryRun) process.stderr.write('dry run: this is what would be; nothing was kept\n');
  process.stdout.write(`${invocation.isJson ? JSON.stringify(body) : printed(body)}\n`);
  return EXIT.done;
}
