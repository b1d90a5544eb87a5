/**
 * Compares the row types with the database: every column of every table has one, and statements return values of it.
 */
import path from 'node:path';
import { createTestDatabase } from '#testing/database';
import { composedSql, TenantDatabase } from '#platform/database';
import { schemaText, tablesOf } from './tables.mjs';

/** A value of each column type in use, as SQL writes it. A new column type needs a new line here. */
const SAMPLES = {
  bigint: '9007199254740993',
  boolean: 'true',
  bytea: '\\x00ff',
  date: '2026-02-28',
  integer: '-7',
  json: '{"a": [1]}',
  jsonb: '{"a": [1]}',
  numeric: '12.340000',
  pg_snapshot: '10:20:10,14',
  smallint: '7',
  text: 'cimento',
  'text[]': '{a,b}',
  'timestamp with time zone': '2026-02-28 23:59:09.5+00',
  uuid: '019a0000-0000-7000-8000-000000000001',
  xid8: '12',
};

const COLUMNS = `
  select c.relname as table, a.attname as name, format_type(a.atttypid, null) as type, not a.attnotnull as is_nullable
    from pg_attribute a join pg_class c on c.oid = a.attrelid
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     and c.relname <> '_prisma_migrations' and a.attnum > 0 and not a.attisdropped
   order by 1, a.attnum`;

const TENANT = '019a0000-0000-7000-8000-00000000000a';

let database;
let columns;
let tenants;

beforeAll(async () => {
  database = await createTestDatabase();
  tenants = new TenantDatabase({ url: database.url, application: 'tables' });
  columns = await read(composedSql(COLUMNS));
});

afterAll(async () => {
  await tenants.close();
  await database.drop();
});

const read = (statement) => tenants.read({ tenant: TENANT, actor: { id: 'system:test' } }, statement);
const declared = () =>
  new Map(
    tablesOf(schemaText(path.join(import.meta.dirname, '../../prisma/schema'))).flatMap(({ table, columns: all }) =>
      all.map(({ name, type }) => [`${table}.${name}`, type]),
    ),
  );

it('every column of every table has a row type, with null where the column takes null, and there are no others', () => {
  const types = declared();
  expect([...types.keys()].sort()).toEqual(columns.map(({ table, name }) => `${table}.${name}`).sort());
  const isNullable = ({ table, name }) => types.get(`${table}.${name}`).endsWith(' | null');
  expect(columns.filter((column) => isNullable(column) !== column.is_nullable)).toEqual([]);
});

it('statements return each column type as the row type says', async () => {
  const types = declared();
  const inUse = [...new Set(columns.map(({ type }) => type))].sort();
  expect(inUse).toEqual(Object.keys(SAMPLES).sort());
  const returned = new Map();
  for (const type of inUse) {
    const [row] = await read(composedSql(`select '${SAMPLES[type]}'::${type} as value`));
    returned.set(type, kindOf(row.value));
  }
  const wrong = columns
    .map(({ table, name, type }) => [`${table}.${name}`, types.get(`${table}.${name}`), returned.get(type)])
    .filter(([, row, value]) => row.replace(' | null', '') !== value);
  expect(wrong).toEqual([]);
});

function kindOf(value) {
  if (value instanceof Date || Buffer.isBuffer(value)) return value.constructor.name;
  if (Array.isArray(value)) return `${typeof value[0]}[]`;
  return typeof value === 'object' ? 'unknown' : typeof value;
}
