/**
 * Contracts are promises to processes that run an older release. Each has a golden file: the JSON Schema of its first
 * publication. Members may have been added since; none may be removed, change its form, or become optional or null.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { EventContract } from '#contracts/event';
import { EVENT_CONTRACTS } from '#contracts/event-contracts';
import { SUBSCRIPTIONS } from '#contracts/rooms';

const GOLDENS = path.join(import.meta.dirname, 'goldens');

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  anyOf?: Schema[];
  pattern?: string;
  format?: string;
  const?: unknown;
  additionalProperties?: Schema | boolean;
}

const plain = (schema: z.ZodType) => JSON.parse(JSON.stringify(z.toJSONSchema(schema))) as Schema;
const schemaOf = (contract: EventContract) => plain(contract.data);
const goldenOf = (contract: EventContract) => path.join(GOLDENS, `${contract.type}.v${contract.version}.json`);

/** The changes that break an older consumer, in words. */
function breaches(old: Schema, now: Schema, at = ''): string[] {
  const found: string[] = [];
  if (String(old.type) !== String(now.type)) found.push(`${at}: ${String(old.type)} became ${String(now.type)}`);
  for (const [name, schema] of Object.entries(old.properties ?? {})) {
    const present = now.properties?.[name];
    if (!present) found.push(`${at}/${name} is gone`);
    else found.push(...breaches(schema, present, `${at}/${name}`));
  }
  for (const name of old.required ?? [])
    if (!now.required?.includes(name)) found.push(`${at}/${name} may be missing now`);
  if (old.items && now.items) found.push(...breaches(old.items, now.items, `${at}[]`));
  for (const value of now.enum ?? [])
    if (old.enum && !old.enum.includes(value)) found.push(`${at}: ${String(value)} is a new value`);
  // Without this keyword, values may appear that the golden never allowed.
  for (const key of ['pattern', 'format', 'const'] as const)
    if (old[key] !== undefined && now[key] !== old[key]) found.push(`${at}: another ${key}`);
  if (old.enum && !now.enum && now.const === undefined) found.push(`${at}: any value may come now`);
  for (const choice of now.anyOf ?? [])
    if (old.anyOf?.every((before) => breaches(before, choice, at).length > 0))
      found.push(`${at}: ${String(choice.type)} was no choice`);
  if (typeof old.additionalProperties === 'object' && typeof now.additionalProperties === 'object')
    found.push(...breaches(old.additionalProperties, now.additionalProperties, `${at}/*`));
  return found;
}

describe('event contracts', () => {
  it.each(EVENT_CONTRACTS.map((contract) => [contract.type, contract] as const))(
    '%s: its example satisfies its schema',
    (_, contract) => {
      expect(contract.data.safeParse(contract.example)).toMatchObject({ success: true });
      expect(contract.type).toMatch(/^[a-z_]+\.[a-z_]+$/);
    },
  );

  it.each(EVENT_CONTRACTS.map((contract) => [contract.type, contract] as const))(
    '%s: keeps the promise of its golden',
    (_, contract) => {
      const file = goldenOf(contract);
      if (process.env['GOLDENS'] === 'write' && !existsSync(file))
        writeFileSync(file, `${JSON.stringify(schemaOf(contract), null, 2)}\n`);
      const golden = JSON.parse(readFileSync(file, 'utf8')) as Schema;
      expect(breaches(golden, schemaOf(contract))).toEqual([]);
    },
  );

  it('has no golden without a contract, and one type and version only once', () => {
    const names = EVENT_CONTRACTS.map((contract) => `${contract.type}.v${contract.version}.json`);
    expect(new Set(names).size).toBe(names.length);
    expect(readdirSync(GOLDENS).sort()).toEqual([...names].sort());
  });

  it('distinguishes breaking changes from additive ones', () => {
    const published: Schema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { enum: ['x'] } },
      required: ['a'],
    };
    expect(
      breaches(published, { ...published, properties: { ...published.properties, c: { type: 'string' } } }),
    ).toEqual([]);
    expect(breaches(published, { ...published, properties: { a: { type: 'string' } } })).toEqual(['/b is gone']);
    expect(breaches(published, { ...published, required: [] })).toEqual(['/a may be missing now']);
    expect(
      breaches(published, { ...published, properties: { a: { type: 'number' }, b: { enum: ['x', 'y'] } } }),
    ).toHaveLength(2);
  });

  it.each<[string, z.ZodType, z.ZodType, string[]]>([
    ['a new member', z.object({ a: z.string() }), z.object({ a: z.string(), b: z.int() }), []],
    ['a new optional member', z.object({ a: z.string() }), z.object({ a: z.string(), b: z.int().optional() }), []],
    ['fewer values', z.object({ a: z.enum(['x', 'y']) }), z.object({ a: z.enum(['x']) }), []],
    ['a member gone', z.object({ a: z.string(), b: z.int() }), z.object({ a: z.string() }), ['/b is gone']],
    [
      'a member renamed',
      z.object({ a: z.string() }),
      z.object({ b: z.string() }),
      ['/a is gone', '/a may be missing now'],
    ],
    [
      'a member that may miss',
      z.object({ a: z.string() }),
      z.object({ a: z.string().optional() }),
      ['/a may be missing now'],
    ],
    ['another type', z.object({ a: z.string() }), z.object({ a: z.number() }), ['/a: string became number']],
    [
      'null where there was none',
      z.object({ a: z.string() }),
      z.object({ a: z.string().nullable() }),
      ['/a: string became string,null'],
    ],
    [
      'another type beside null',
      z.object({ a: z.string().nullable() }),
      z.object({ a: z.boolean().nullable() }),
      ['/a: string,null became boolean,null'],
    ],
    ['a new value', z.object({ a: z.enum(['x']) }), z.object({ a: z.enum(['x', 'y']) }), ['/a: y is a new value']],
    [
      'an id that is none any more',
      z.object({ a: z.uuidv7() }),
      z.object({ a: z.string() }),
      ['/a: another pattern', '/a: another format'],
    ],
    [
      'deep inside a list',
      z.object({ a: z.array(z.object({ b: z.int() })) }),
      z.object({ a: z.array(z.object({})) }),
      ['/a[]/b is gone'],
    ],
  ])('says what would break of %s', (_, before, after, expected) => {
    const found = breaches(plain(before), plain(after)).filter(
      (breach) => !breach.endsWith('may be missing now') || expected.includes(breach),
    );
    expect(found).toEqual(expected);
  });

  it('has an event for every aggregate that an engine consumes', () => {
    const spoken = new Set(EVENT_CONTRACTS.map((contract) => contract.aggregate));
    for (const kind of Object.values(SUBSCRIPTIONS).flat()) expect(spoken).toContain(kind);
  });
});
