/**
 * `basecommerce`: the operator's command. A command is an operation of the operator (operate.ts). Commands that work on
 * files or on the whole system have no operation: doctor.ts, stores/command.ts. Each part is loaded when it is called.
 */
import type { Operation } from '#contracts/operation';
import type { Problem } from '#contracts/problem';
import { DomainError } from '#kernel';
import { type Invocation, overviewOf, parseCommandLine, printed, printedProblem, usageOf } from '#platform/command';
import { starting } from '#platform/boot';
import { bootSettings, type Settings } from '#platform/config';
import { OPERATOR_ROOMS } from './doors.js';
import { EXIT } from './exit.js';

const OTHER_COMMANDS = [
  ['doctor', 'Look at the whole system, red things first'],
  ['backup store <store>', 'Write everything of a store into one file'],
  ['restore compare <store>', 'Show what a store and a file of it have that the other has not'],
  ['restore store <store>', 'Set a store back to a file of it; others and the operator’s books stay as they are'],
] as const;

const operations = OPERATOR_ROOMS.flatMap(({ operations: all }) => Object.values(all) as unknown[]).filter(isCommand);

await starting('basecommerce', async () => {
  process.exitCode = await run(process.argv.slice(2));
});

function isCommand(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'command' in value && value.command !== undefined;
}

async function run(words: string[]): Promise<number> {
  const boot = () => bootSettings('basecommerce');
  if (words[0] === 'doctor') {
    const { doctor, DOCTOR_USAGE } = await import('./doctor.js');
    if (!words.includes('--help') && !words.includes('-h')) return doctor(boot(), words.includes('--json'));
    process.stdout.write(`${DOCTOR_USAGE}\n`);
    return EXIT.done;
  }
  if (words[0] === 'backup' || words[0] === 'restore') {
    const { storeCommand } = await import('./stores/command.js');
    return storeCommand(words, boot, request);
  }
  try {
    const parsed = parseCommandLine(operations, words);
    if (parsed.kind === 'run') return await perform(parsed, boot());
    process.stdout.write(`${parsed.operation ? usageOf(parsed.operation) : overviewOf(operations, OTHER_COMMANDS)}\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\nbasecommerce --help lists the commands.\n`);
    return EXIT.usage;
  }
}

async function perform(invocation: Invocation, settings: Settings): Promise<number> {
  const { operate } = await import('./operate.js');
  const { status, body } = await operate(invocation, settings);
  if (status >= 400) {
    process.stderr.write(`${invocation.isJson ? JSON.stringify(body) : printedProblem(body as Problem)}\n`);
    return status === 422 ? EXIT.usage : status >= 500 ? EXIT.failed : EXIT.refused;
  }
  if (invocation.isDryRun) process.stderr.write('dry run: this is what would be; nothing was kept\n');
  process.stdout.write(`${invocation.isJson ? JSON.stringify(body) : printed(body)}\n`);
  return EXIT.done;
}

/** One of the other commands, run as the same person. */
async function request(words: string[], settings: Settings) {
  const parsed = parseCommandLine(operations, words);
  if (parsed.kind === 'help') throw new Error(`${words.join(' ')} is not a command`);
  const { operate } = await import('./operate.js');
  return operate(parsed, settings);
}
