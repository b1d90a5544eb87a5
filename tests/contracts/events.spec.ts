/**
 * Contracts are promises to processes that run an older release. Each has a golden: the JSON Schema it had when it was
 * published. What it has grown since must be optional; nothing may be gone, narrower or newly required.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { EventContract } from '#contracts/event';
import { EVENT_CONTRACTS } from '#contracts/events/index';
import { SUBSCRIPTIONS } from '#contracts/subscriptions';

const GOLDENS = path.join(import.meta.dirname, 'goldens');

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  anyOf?: Schema[];
  pattern?: string;
}

const schemaOf = (contract: EventContract) => JSON.parse(JSON.stringify(z.toJSONSchema(contract.data))) as Schema;
const goldenOf = (contract: EventContract) => path.join(GOLDENS, `${contract.type}.v${contract.version}.json`);

/** What an older consumer would trip over, in words. */
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
  if (old.pattern !== undefined && now.pattern !== old.pattern) found.push(`${at}: another pattern`);
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

  it('tells breaking from additive', () => {
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

  it('has something to say on every aggregate an engine listens to', () => {
    const spoken = new Set(EVENT_CONTRACTS.map((contract) => contract.aggregate));
    for (const kind of Object.values(SUBSCRIPTIONS).flat()) expect(spoken).toContain(kind);
  });
});
