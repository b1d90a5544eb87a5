/** The flags of a command, made from the schemas of its operation, with an example of what each takes. */
import { z } from 'zod';
import type { Operation } from '#contracts/operation';

export interface Flag {
  /** `legal-name`, typed as `--legal-name`. */
  readonly flag: string;
  readonly member: string;
  readonly place: 'query' | 'body';
  readonly type: 'text' | 'boolean' | 'integer' | 'list';
  readonly isRequired: boolean;
  readonly description: string;
  /** A value that the schema takes; undefined where none is known. */
  readonly example: string | undefined;
}

interface MemberSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly MemberSchema[];
}

const EXAMPLE_OF_FORMAT: Readonly<Record<string, string>> = {
  uuid: '01931b6e-3c00-7a00-8000-000000000001',
  email: 'ana@example.com',
  'date-time': '2026-11-30T00:00:00Z',
  date: '2026-11-30',
};

/** Names of the path's parameters, in the order in which they are typed. */
export function parametersOf(operation: Operation): string[] {
  return [...operation.path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
}

export function flagsOf(operation: Operation): Flag[] {
  const places = operation.method === 'GET' ? (['query'] as const) : (['query', 'body'] as const);
  return places.flatMap((place) => {
    const { properties, required } = describedAs(operation[place]);
    return Object.entries(properties).map(([member, schema]) => flagOf(member, schema, place, required));
  });
}

/** An example of a path's parameter. */
export function parameterExample(operation: Operation, name: string): string | undefined {
  const schema = describedAs(operation.params).properties[name];
  return schema && exampleOf(schema);
}

function flagOf(member: string, given: MemberSchema, place: 'query' | 'body', required: readonly string[]): Flag {
  // A member that may be null is an `anyOf`; its first part is what a person can type.
  const schema = { ...given.anyOf?.[0], ...given };
  const type =
    schema.type === 'boolean' || schema.type === 'integer' ? schema.type : schema.type === 'array' ? 'list' : 'text';
  return {
    flag: member.replaceAll('_', '-'),
    member,
    place,
    type,
    isRequired: required.includes(member),
    description: [
      schema.description,
      schema.enum && `one of ${schema.enum.join(', ')}`,
      type === 'list' && 'separated by commas',
      schema.default !== undefined && `default ${JSON.stringify(schema.default)}`,
    ]
      .filter(Boolean)
      .join('; '),
    example: exampleOf(schema),
  };
}

function exampleOf(schema: MemberSchema): string | undefined {
  const stated = schema.examples?.[0] ?? schema.enum?.[0] ?? schema.default ?? undefined;
  if (Array.isArray(stated)) return stated.join(',');
  if (stated !== undefined) return typeof stated === 'string' ? stated : JSON.stringify(stated);
  if (schema.type === 'integer') return String(schema.minimum ?? 1);
  return EXAMPLE_OF_FORMAT[schema.format ?? ''];
}

function describedAs(schema: z.ZodType) {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, MemberSchema>;
    required?: string[];
  };
  return { properties, required };
}
