/**
 * Commands made from the operator's operations: `tenants suspend acme --reason "…"` calls POST /tenants/:tenant/suspend. Words
 * after the command fill the parameters of the path, and flags fill query and body. The help text is made from the schemas. What
 * cannot be right is refused here, before anything is started: the refusal names the word that was typed, says what is
 * allowed, and gives an example.
 */
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import type { Operation } from '#contracts/operation';
import { errorTable } from '#kernel';
import { type Flag, flagsOf, parameterExample, parametersOf } from './flags.js';

export const usageErrors = errorTable({
  unknown_command: ['invalid', 'There is no such command.'],
  missing_argument: ['invalid', 'An argument is missing.'],
  unknown_flag: ['invalid', 'There is no such flag.'],
  invalid_argument: ['invalid', 'An argument is not as it should be.'],
});

/** One call of an operation. `params`, `query` and `body` are as they were typed; the operation's schemas have taken them. */
export interface Invocation {
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly isJson: boolean;
  readonly isDryRun: boolean;
}

export type Parsed =
  { readonly kind: 'help'; readonly operation?: Operation } | ({ readonly kind: 'run' } & Invocation);

/** Throws `unknown_command`, `missing_argument`, `unknown_flag` or `invalid_argument`. */
export function parseCommandLine(operations: readonly Operation[], words: readonly string[]): Parsed {
  const operation = operations
    .filter((candidate) => candidate.command?.split(' ').every((word, index) => words[index] === word))
    .sort((a, b) => b.command!.length - a.command!.length)[0];
  if (!operation) {
    if (words.length === 0 || words.includes('--help') || words.includes('-h') || words[0] === 'help')
      return { kind: 'help' };
    throw unknownCommand(operations, words);
  }
  const rest = words.slice(operation.command!.split(' ').length);
  if (rest.includes('--help') || rest.includes('-h')) return { kind: 'help', operation };
  return { kind: 'run', ...invocationOf(operation, rest) };
}

function unknownCommand(operations: readonly Operation[], words: readonly string[]) {
  const commands = operations.flatMap(({ command }) => (command ? [command] : [])).sort();
  const [group = ''] = words;
  const sisters = commands.filter((command) => command.startsWith(`${group} `));
  const allowed =
    sisters.length > 0
      ? `the commands of ${group} are ${sisters.map((command) => command.slice(group.length + 1)).join(', ')}`
      : `commands begin with ${[...new Set(commands.map((command) => command.split(' ')[0]))].join(', ')}`;
  return usageErrors.unknown_command({
    message: `There is no command ${words.filter((word) => !word.startsWith('-')).join(' ')}; ${allowed}.`,
  });
}

function invocationOf(operation: Operation, words: readonly string[]): Invocation {
  const flags = flagsOf(operation);
  const { values, positionals } = read(operation, flags, words);
  const names = parametersOf(operation);
  if (positionals.length < names.length) {
    const name = names[positionals.length]!;
    throw usageErrors.missing_argument({
      message: `<${name}> is missing${exampleText(parameterExample(operation, name))}.`,
    });
  }
  if (positionals.length > names.length)
    throw usageErrors.invalid_argument({
      message: `${positionals[names.length]} is one word too many; ${operation.command} takes ${names.map((name) => `<${name}>`).join(' ') || 'flags only'}.`,
    });
  const given = flags.filter((flag) => values[flag.flag] !== undefined);
  const membersIn = (place: Flag['place']) =>
    Object.fromEntries(
      given.filter((flag) => flag.place === place).map((flag) => [flag.member, valueOf(flag, values[flag.flag])]),
    );
  const invocation = {
    operation,
    params: Object.fromEntries(names.map((name, index) => [name, positionals[index]!])),
    query: membersIn('query') as Record<string, string>,
    body: operation.method === 'GET' ? undefined : membersIn('body'),
    isJson: values['json'] === true,
    isDryRun: values['dry-run'] === true,
  };
  assertTaken(invocation, flags);
  return invocation;
}

function read(operation: Operation, flags: readonly Flag[], words: readonly string[]) {
  const options: Record<string, { type: 'boolean' | 'string' }> = {
    json: { type: 'boolean' },
    ...(operation.method === 'GET' ? {} : { 'dry-run': { type: 'boolean' } }),
    ...Object.fromEntries(flags.map(({ flag, type }) => [flag, { type: type === 'boolean' ? 'boolean' : 'string' }])),
  };
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    // The sentence of `parseArgs` names the flag; what follows it is advice about its own syntax.
    const reason = (error as Error).message.split('. ')[0];
    const names = Object.keys(options).map((name) => `--${name}`);
    throw usageErrors.unknown_flag({ cause: error, message: `${reason}; the flags are ${names.join(', ')}.` });
  }
}

function valueOf(flag: Flag, value: string | boolean | undefined): unknown {
  if (flag.type === 'list')
    return String(value)
      .split(',')
      .map((item) => item.trim());
  // The query's schemas read numbers from text, as they come in an address.
  if (flag.type === 'integer' && flag.place === 'body') return Number(value);
  return value;
}

function assertTaken({ operation, params, query, body }: Invocation, flags: readonly Flag[]): void {
  const refused = [
    ...refusedBy(operation.params, params, (name) => ({
      word: `<${name}>`,
      typed: params[name],
      example: parameterExample(operation, name),
    })),
    ...refusedBy(operation.query, query, (name) => flagNamed(flags, 'query', name, query[name])),
    ...(body ? refusedBy(operation.body, body, (name) => flagNamed(flags, 'body', name, body[name])) : []),
  ];
  if (refused.length === 0) return;
  const isMissing = refused.every(({ isMissing: missing }) => missing);
  const message = refused.map(({ sentence }) => sentence).join('\n');
  throw isMissing ? usageErrors.missing_argument({ message }) : usageErrors.invalid_argument({ message });
}

interface Word {
  readonly word: string;
  readonly typed: unknown;
  readonly example: string | undefined;
}

function flagNamed(flags: readonly Flag[], place: Flag['place'], member: string, typed: unknown): Word {
  const flag = flags.find((candidate) => candidate.place === place && candidate.member === member);
  return { word: `--${flag?.flag ?? member}`, typed, example: flag?.example };
}

function refusedBy(schema: z.ZodType, value: unknown, wordOf: (member: string) => Word) {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map((issue) => {
    const { word, typed, example } = wordOf(String(issue.path[0] ?? ''));
    const isMissing = typed === undefined;
    const sentence = isMissing
      ? `${word} is missing${exampleText(example)}.`
      : `${word} ${shown(typed)}: ${issue.message}${exampleText(example)}.`;
    return { isMissing, sentence };
  });
}

function shown(typed: unknown): string {
  return Array.isArray(typed) ? typed.join(',') : String(typed);
}

function exampleText(example: string | undefined): string {
  return example === undefined ? '' : `; for example ${example}`;
}
