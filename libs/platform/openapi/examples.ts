/**
 * An example made from a JSON Schema: the first of its `examples`, its default, its only or first value, or a value of its
 * format. A schema that has only a pattern needs an example in the contract; the contract tests find such schemas.
 */
import type { Json } from './json.js';

const BY_FORMAT: Readonly<Record<string, string>> = {
  uuid: '01931b6e-3c00-7a00-8000-000000000001',
  'date-time': '2026-11-20T14:00:00.000Z',
  date: '2026-11-20',
  email: 'ana@acme.test',
};

export function exampleOf(schema: Json, components: Readonly<Record<string, Json>>): unknown {
  const examples = schema['examples'] as unknown[] | undefined;
  if (examples?.length) return examples[0];
  if ('default' in schema) return schema['default'];
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const reference = schema['$ref'] as string | undefined;
  if (reference) return exampleOf(components[reference.slice(reference.lastIndexOf('/') + 1)]!, components);
  const choices = (schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf']) as Json[] | undefined;
  if (choices) return exampleOf(choices.find((choice) => choice['type'] !== 'null') ?? choices[0]!, components);
  return exampleOfType(schema, components);
}

function exampleOfType(schema: Json, components: Readonly<Record<string, Json>>): unknown {
  const type = schema['type'];
  switch (Array.isArray(type) ? type[0] : type) {
    case 'object':
      return Object.fromEntries(
        Object.entries((schema['properties'] ?? {}) as Record<string, Json>).map(([name, member]) => [
          name,
          exampleOf(member, components),
        ]),
      );
    case 'array':
      return [exampleOf((schema['items'] ?? {}) as Json, components)];
    case 'integer':
    case 'number':
      return schema['minimum'] ?? Math.max(1, Number(schema['exclusiveMinimum'] ?? 0) + 1);
    case 'boolean':
      return true;
    case 'string':
      return BY_FORMAT[String(schema['format'])] ?? 'text'.padEnd(Number(schema['minLength'] ?? 0), '.');
    default:
      return null;
  }
}
