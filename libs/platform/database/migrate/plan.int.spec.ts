import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { migrate, planMigrations } from './index.js';

let database: TestDatabase;
let client: pg.Client;
let directory: string;

beforeEach(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  directory = mkdtempSync(path.join(tmpdir(), 'plan-'));
});

afterEach(async () => {
  rmSync(directory, { recursive: true });
  await client.end();
  await database.drop();
});

const write = (name: string, sql: string) => {
  mkdirSync(path.join(directory, name), { recursive: true });
  writeFileSync(path.join(directory, name, 'migration.sql'), sql);
};
const plan = () => planMigrations({ url: database.url, directory });

it('lists pending migrations in order, and the statements that break the previous release', async () => {
  write('20300101000000_expands', 'create table a (b integer, c integer);\n');
  write('20300102000000_takes_away', 'alter table a drop column b;\n');
  write('20300103000000_breaks', '-- breaking\ntruncate a;\n');
  const first = { name: '20300101000000_expands', objections: [] };
  const others = [
    { name: '20300102000000_takes_away', objections: ['drops something'] },
    { name: '20300103000000_breaks', objections: ['is marked as breaking', 'empties a table'] },
  ];
  expect(await plan()).toEqual({ isFirst: false, pending: [first, ...others] });
  rmSync(path.join(directory, others[0]!.name), { recursive: true });
  rmSync(path.join(directory, others[1]!.name), { recursive: true });
  await migrate({ url: database.url, directory });
  expect(await plan()).toEqual({ isFirst: false, pending: [] });
});

it('changes nothing, not even in a database without migrations', async () => {
  await client.query('drop table _prisma_migrations');
  write('20300101000000_first', 'create table a ();\n');
  expect(await plan()).toMatchObject({ isFirst: true, pending: [{ name: '20300101000000_first' }] });
  const { rows } = await client.query(`select to_regclass('a') as a, to_regclass('_prisma_migrations') as record`);
  expect(rows).toEqual([{ a: null, record: null }]);
});

it('does not wait for a migrator that is at work', async () => {
  await client.query('select pg_advisory_lock(72707369)');
  write('20300101000000_first', 'create table a ();\n');
  expect(await plan()).toMatchObject({ pending: [{ name: '20300101000000_first' }] });
});

it('throws the same errors as migrate', async () => {
  write('20300101000000_first', 'create table a ();\n');
  await migrate({ url: database.url, directory });
  write('20300101000000_first', 'create table b ();\n');
  await expect(plan()).rejects.toMatchObject({ code: 'migration_changed' });
});
