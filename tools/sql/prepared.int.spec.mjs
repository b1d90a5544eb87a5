// @ts-check
/** Every statement whose text is known before run time is one that PostgreSQL accepts on the migrated database. */
import path from 'node:path';
import pg from 'pg';
import { createTestDatabase } from '#testing/database';
import { findSources, GAP } from './sources.mjs';

const ROOT = path.join(import.meta.dirname, '..', '..');
/** What PREPARE takes. The others (BEGIN, SET, LISTEN, CREATE …) name no column. */
const PREPARABLE = /^\s*(select|insert|update|delete|with|values|merge)\b/i;

/** @type {import('#testing/database').TestDatabase} */
let database;
/** @type {pg.Client} */
let client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** @param {string} text */
async function refusalOf(text) {
  try {
    await client.query(`prepare candidate as ${text}`);
    await client.query('deallocate candidate');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

it('every statement can be prepared', async () => {
  const statements = findSources(ROOT).filter(({ text }) => PREPARABLE.test(text) && text.search(GAP) < 0);
  expect(statements.length).toBeGreaterThan(300);
  const refused = [];
  for (const { file, line, text } of statements) {
    const refusal = await refusalOf(text);
    if (refusal !== undefined) refused.push(`${file}:${line}: ${refusal}`);
  }
  expect(refused).toEqual([]);
});

it('a statement that names a column which is gone cannot', async () => {
  expect(await refusalOf('select surname from customers where tenant_id = $1')).toBe('column "surname" does not exist');
});
