/**
 * The JSON Schemas of a document. All zod schemas are converted together, once for requests and once for responses, so that
 * every schema with an id becomes one component and the other schemas refer to it. If the two forms differ (a member with a
 * default is optional in a request and always present in a response), the request form gets the suffix `Input`.
 */
import { z } from 'zod';
import { type Json, sorted } from './json.js';

type Direction = 'input' | 'output';

export interface SchemaBook {
  /** The schema, or a reference to its component. */
  of(schema: z.ZodType, direction: Direction): Json;
  readonly components: Readonly<Record<string, Json>>;
}

export function schemaBook(sent: readonly z.ZodType[], answered: readonly z.ZodType[]): SchemaBook {
  const pages = { input: convert(sent, 'input'), output: convert(answered, 'output') };
  const names = { input: new Map<string, string>(), output: new Map<string, string>() };
  for (const name of Object.keys(pages.output.named)) names.output.set(name, name);
  for (const [name, schema] of Object.entries(pages.input.named)) {
    const isSame = JSON.stringify(pages.output.named[name] ?? schema) === JSON.stringify(schema);
    names.input.set(name, isSame ? name : `${name}Input`);
  }
  const components: Record<string, Json> = {};
  for (const direction of ['input', 'output'] as const) {
    for (const [name, schema] of Object.entries(pages[direction].named)) {
      components[names[direction].get(name)!] = relinked(schema, names[direction]) as Json;
    }
  }
  return {
    components: sorted(components),
    of: (schema, direction) => {
      const converted = pages[direction].converted.get(schema);
      if (!converted) throw new Error('a schema is asked for that was not handed in');
      return relinked(converted, names[direction]) as Json;
    },
  };
}

function convert(schemas: readonly z.ZodType[], io: Direction) {
  const unique = [...new Set(schemas)];
  const whole = z.object(Object.fromEntries(unique.map((schema, index) => [`s${index}`, schema])));
  const { properties, $defs = {} } = z.toJSONSchema(whole, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema as Json, io),
  }) as unknown as { properties: Record<string, Json>; $defs?: Record<string, Json> };
  const named = Object.fromEntries(Object.entries($defs).map(([name, schema]) => [name, without(schema, 'id')]));
  return { named, converted: new Map(unique.map((schema, index) => [schema, properties[`s${index}`]!])) };
}

/**
 * Simplifies a schema for readers: no pattern beside a format with the same meaning, no bounds that every integer has,
 * `type: [x, null]` for nullable values. A later release may add members to a response, so responses allow more members.
 */
function tidy(schema: Json, io: Direction): void {
  if (['uuid', 'date-time', 'date', 'email'].includes(String(schema['format']))) delete schema['pattern'];
  if (schema['minimum'] === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  if (io === 'output' && schema['additionalProperties'] === false) delete schema['additionalProperties'];
  const [choice, nothing, ...more] = (schema['anyOf'] ?? []) as Json[];
  const isNullable = choice && nothing?.['type'] === 'null' && more.length === 0 && typeof choice['type'] === 'string';
  if (!isNullable || 'enum' in choice || 'const' in choice) return;
  delete schema['anyOf'];
  Object.assign(schema, { ...choice, ...schema, type: [choice['type'], 'null'] });
}

function relinked(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => relinked(item, names));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key !== '$ref' || typeof member !== 'string') return [key, relinked(member, names)];
      const name = member.replace('#/$defs/', '');
      return [key, `#/components/schemas/${names.get(name) ?? name}`];
    }),
  );
}

function without(schema: Json, key: string): Json {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}
