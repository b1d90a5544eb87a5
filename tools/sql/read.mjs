// @ts-check
/**
 * Every SQL statement of the product, with its place, the tables it touches, and the tables without a condition on the
 * tenant.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from './parse.mjs';
import { findSources } from './sources.mjs';
import { tablesOf } from './tables.mjs';
import { unboundTables } from './tenants.mjs';

/**
 * @typedef {object} Statement
 * @property {string} file relative to the root
 * @property {number} line
 * @property {string} within names of the enclosing declarations
 * @property {string} text
 * @property {boolean} isReadable false when the text is only known at run time; then the lists below are empty
 * @property {import('./tables.mjs').Touch[]} tables
 * @property {string[]} unbound tenants' tables that are touched without a condition on the tenant
 */

const ROOT = path.join(import.meta.dirname, '..', '..');

/**
 * @param {string} [root]
 * @returns {Statement[]}
 */
export function readStatements(root = ROOT) {
  const keys = tenantKeys(readFileSync(path.join(root, 'prisma/structure.sql'), 'utf8'));
  return findSources(root).map((source) => ({ ...source, ...readStatement(source.text, keys) }));
}

/**
 * @param {string} text
 * @param {ReadonlyMap<string, string>} keys
 */
export function readStatement(text, keys) {
  const parsed = parse(text);
  return {
    isReadable: parsed !== undefined,
    tables: (parsed ?? []).flatMap(tablesOf),
    unbound: (parsed ?? []).flatMap((statement) => unboundTables(statement, keys)),
  };
}

/**
 * Each table and view that holds rows of tenants, and its column that holds the tenant.
 * @param {string} structure text of prisma/structure.sql
 * @returns {Map<string, string>}
 */
export function tenantKeys(structure) {
  const keys = new Map([['tenants', 'id']]);
  for (const [, name, body] of structure.matchAll(/^create table (\w+) \(\n([^]*?)^\)/gm))
    if (name !== undefined && /^\s+tenant_id\s+uuid/m.test(body ?? '')) keys.set(name, 'tenant_id');
  return keys;
}
