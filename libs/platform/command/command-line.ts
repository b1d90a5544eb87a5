/**
 * Commands made from the operator's operations: `tenants suspend acme --reason "…"` calls POST /tenants/:tenant/suspend. Words
 * after the command fill the parameters of the path, and flags fill query and body. The help text is made from the schemas.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Operation, PREFIX } from '#contracts/operation';
import { errorTable } from '#kernel';

export const usageErrors = errorTable({
  unknown_command: ['invalid', 'There is no such command.'],
  missing_argument: ['invalid', 'An argument is missing.'],
  unknown_flag: ['invalid', 'There is no such flag.'],
});

export interface Flag {
  /** `--legal-name` */
  readonly flag: string;
  readonly member: string;
  readonly place: 'query' | 'body';
  readonly type: 'text' | 'boolean' | 'integer' | 'list';
  readonly isRequired: boolean;
  readonly description: string;
}

export interface Invocation {
  readonly operation: Operation;
  readonly path: string;
  readonly body: Record<string, unknown> | undefined;
  readonly isJson: boolean;
  readonly isDryRun: boolean;
}

export type Parsed =
  { readonly kind: 'help'; readonly operation?: Operation } | ({ readonly kind: 'run' } & Invocation);

/** Throws `unknown_command`, `missing_argument` or `unknown_flag`. */
export function parseCommandLine(operations: readonly Operation[], words: readonly string[]): Parsed {
  const operation = operations
    .filter((candidate) => candidate.command?.split(' ').every((word, index) => words[index] === word))
    .sort((a, b) => b.command!.length - a.command!.length)[0];
  if (!operation) {
    if (words.length === 0 || words.includes('--help') || words.includes('-h') || words[0] === 'help')
      return { kind: 'help' };
    throw usageErrors.unknown_command({ details: { command: words.slice(0, 2).join(' ') } });
  }
  const rest = words.slice(operation.command!.split(' ').length);
  if (rest.includes('--help') || rest.includes('-h')) return { kind: 'help', operation };
  return { kind: 'run', ...invocationOf(operation, rest) };
}

export function parametersOf(operation: Operation): string[] {
  return [...operation.path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
}

export function flagsOf(operation: Operation): Flag[] {
  const places = operation.method === 'GET' ? (['query'] as const) : (['query', 'body'] as const);
  return places.flatMap((place) => membersOf(operation[place], place));
}

function invocationOf(operation: Operation, words: readonly string[]): Invocation {
  const flags = flagsOf(operation);
  const options = Object.fromEntries(
    flags.map((flag) => [flag.flag, { type: flag.type === 'boolean' ? ('boolean' as const) : ('string' as const) }]),
  );
  const { values, positionals } = read(words, {
    ...options,
    json: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
  });
  const names = parametersOf(operation);
  if (positionals.length < names.length)
    throw usageErrors.missing_argument({ details: { argument: names[positionals.length]! } });
  const path = names.reduce(
    (text, name, index) => text.replace(`:${name}`, encodeURIComponent(positionals[index]!)),
    operation.path,
  );
  const given = flags.filter((flag) => values[flag.flag] !== undefined);
  const query = new URLSearchParams(
    given
      .filter((flag) => flag.place === 'query')
      .map((flag): [string, string] => [flag.member, String(values[flag.flag])]),
  );
  const body = Object.fromEntries(
    given.filter((flag) => flag.place === 'body').map((flag) => [flag.member, valueOf(flag, values[flag.flag])]),
  );
  return {
    operation,
    path: PREFIX[operation.audience] + path + (query.size > 0 ? `?${query.toString()}` : ''),
    body: operation.method === 'GET' ? undefined : body,
    isJson: values['json'] === true,
    isDryRun: values['dry-run'] === true,
  };
}

function read(words: readonly string[], options: Record<string, { type: 'boolean' | 'string' }>) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageErrors.unknown_flag({ cause: error, details: { reason: (error as Error).message } });
  }
}

function valueOf(flag: Flag, value: string | boolean | undefined): unknown {
  if (flag.type === 'list')
    return String(value)
      .split(',')
      .map((item) => item.trim());
  if (flag.type === 'integer') return Number(value);
  return value;
}

interface MemberSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
}

function membersOf(schema: z.ZodType, place: 'query' | 'body'): Flag[] {
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, MemberSchema>;
    required?: string[];
  };
  return Object.entries(described.properties ?? {}).map(([member, property]) => ({
    flag: member.replaceAll('_', '-'),
    member,
    place,
    type:
      property.type === 'boolean'
        ? 'boolean'
        : property.type === 'integer'
          ? 'integer'
          : property.type === 'array'
            ? 'list'
            : 'text',
    isRequired: described.required?.includes(member) ?? false,
    description: [
      property.description,
      property.enum && `one of ${property.enum.join(', ')}`,
      property.type === 'array' && 'separated by commas',
      property.default !== undefined && `default ${JSON.stringify(property.default)}`,
    ]
      .filter(Boolean)
      .join('; '),
  }));
}
