import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { assertMigrated, migrate, migrationsDirectory, readMigrations } from './index.js';

let database: TestDatabase;
let pool: pg.Pool;
let directory: string;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url });
  directory = mkdtempSync(path.join(tmpdir(), 'migrations-'));
});

afterEach(async () => {
  rmSync(directory, { recursive: true });
  await pool.end();
  await database.drop();
});

const write = (name: string, sql: string) => {
  mkdirSync(path.join(directory, name), { recursive: true });
  writeFileSync(path.join(directory, name, 'migration.sql'), sql);
};
const run = (onProgress?: (line: string) => void) =>
  migrate({ url: database.url, directory, ...(onProgress && { onProgress }) });
const knownHere = () => [...readMigrations(migrationsDirectory()), ...readMigrations(directory)];
const rowOf = async (name: string) =>
  (await pool.query('select * from _prisma_migrations where migration_name = $1', [name])).rows[0] as Record<
    string,
    unknown
  >;

it('applies what is pending in order of name and records it as Prisma does', async () => {
  write('20300102000000_second', 'alter table a add column c integer;\n');
  write('20300101000000_first', 'create table a (b integer);\n');
  expect(await run()).toEqual(['20300101000000_first', '20300102000000_second']);
  expect(await run()).toEqual([]);
  expect(await rowOf('20300101000000_first')).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    checksum: readMigrations(directory)[0]!.checksum,
    migration_name: '20300101000000_first',
    logs: null,
    rolled_back_at: null,
    started_at: expect.any(Date),
    finished_at: expect.any(Date),
    applied_steps_count: 1,
  });
});

it('lets racing migrators pass one after the other: each migration is applied once', async () => {
  for (let day = 1; day <= 5; day++)
    write(`2030010${day}000000_step`, `select pg_sleep(0.02); create table step_${day} ();\n`);
  const applied = await Promise.all(Array.from({ length: 6 }, () => run()));
  expect(applied.flat().sort()).toEqual(readMigrations(directory).map((migration) => migration.name));
});

it('keeps nothing of a migration that fails, names the place, and applies it after its repair', async () => {
  write('20300101000000_broken', 'create table half_done ();\nselect 1;\nselect missing from nowhere;\n');
  await expect(run()).rejects.toMatchObject({
    code: 'migration_failed',
    message: expect.stringMatching(
      /20300101000000_broken failed at line 3; nothing of it was kept: relation "nowhere"/,
    ),
  });
  expect(await rowOf('20300101000000_broken')).toBeUndefined();
  write('20300101000000_broken', 'create table half_done ();\n');
  expect(await run()).toHaveLength(1);
});

it('refuses to go on when an applied file has changed', async () => {
  write('20300101000000_first', 'create table a ();\n');
  await run();
  write('20300101000000_first', 'create table b ();\n');
  await expect(run()).rejects.toMatchObject({ code: 'migration_changed' });
});

it('gives way to a reader that holds a lock, and tries again', async () => {
  await pool.query('create table busy ()');
  write('20300101000000_waits', 'alter table busy add column a integer;\n');
  const reader = await pool.connect();
  await reader.query('begin; select * from busy');
  const lines: string[] = [];
  const migrating = run((line) => lines.push(line));
  while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  // The migrator has released its request, so a new reader does not wait behind it.
  await pool.query('select * from busy');
  await reader.query('commit');
  reader.release();
  expect(await migrating).toHaveLength(1);
  expect(lines[0]).toMatch(/a lock is held by somebody else, attempt 1 of 20/);
});

describe('without a transaction', () => {
  it('runs statement by statement, also beside a migrator that waits for its turn', async () => {
    write(
      '20300101000000_index',
      '-- no-transaction\ncreate index concurrently users_name on users (tenant_id, name);\nselect pg_sleep(0.2);\n',
    );
    const [one, other] = await Promise.all([run(), run()]);
    expect([...one, ...other]).toEqual(['20300101000000_index']);
    expect(
      (await pool.query(`select indisvalid from pg_index where indexrelid = 'users_name'::regclass`)).rows,
    ).toEqual([{ indisvalid: true }]);
  });

  it('stops every later run when it failed half-way, until the row is marked as rolled back', async () => {
    write('20300101000000_half', '-- no-transaction\ncreate table half ();\nselect 1/0;\n');
    await expect(run()).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringContaining('part of it may be there'),
    });
    expect(await rowOf('20300101000000_half')).toMatchObject({
      finished_at: null,
      logs: expect.stringContaining('division by zero'),
    });
    await expect(run()).rejects.toMatchObject({ code: 'migration_unfinished' });
    await expect(assertMigrated(pool, knownHere())).rejects.toMatchObject({ code: 'migration_unfinished' });
    await pool.query(`update _prisma_migrations set rolled_back_at = now() where finished_at is null; drop table half`);
    write('20300101000000_half', '-- no-transaction\ncreate table half ();\n');
    expect(await run()).toHaveLength(1);
  });
});

describe('a process at boot', () => {
  it('starts when nothing is pending', async () => {
    expect(await assertMigrated(pool)).toEqual({ pending: [], unknown: [] });
  });

  it('refuses when the database is behind', async () => {
    write('20300101000000_next', 'select 1;\n');
    await expect(assertMigrated(pool, knownHere())).rejects.toMatchObject({ code: 'migrations_pending' });
  });

  it('starts on a newer schema, but not past a breaking migration', async () => {
    write('20300101000000_expands', 'create table a ();\n');
    await run();
    expect(await assertMigrated(pool)).toEqual({ pending: [], unknown: ['20300101000000_expands'] });
    write('20300102000000_breaks', '-- breaking\ndrop table a;\n');
    await run();
    await expect(assertMigrated(pool)).rejects.toMatchObject({
      code: 'process_outdated',
      message: expect.stringContaining('20300102000000_breaks'),
    });
    expect(await assertMigrated(pool, knownHere())).toEqual({ pending: [], unknown: [] });
  });

  it.each(['basecommerce_app', 'basecommerce_operator', 'basecommerce_relay', 'basecommerce_engines'])(
    'may ask as %s',
    async (role) => {
      const client = await pool.connect();
      await client.query(`set role ${role}`);
      expect(await assertMigrated(client)).toEqual({ pending: [], unknown: [] });
      await client.query('select app.assert_confined()');
      client.release(true);
    },
  );
});

describe('the confinement of a role', () => {
  it('is denied to a superuser, to an owner, and to a role that can become one', async () => {
    await expect(pool.query('select app.assert_confined()')).rejects.toMatchObject({
      code: 'BC500',
      detail: 'role_not_confined',
    });
    const owner = `owner_${database.name}`;
    const client = await pool.connect();
    try {
      await client.query(
        `begin; create role ${owner}; alter table products owner to ${owner}; grant ${owner} to basecommerce_relay; set local role basecommerce_relay`,
      );
      await expect(client.query('select app.assert_confined()')).rejects.toMatchObject({
        code: 'BC500',
        message: expect.stringContaining(owner),
      });
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

describe('migrating as an ordinary role that may create databases and roles', () => {
  it('leaves it able to take every role, and none of them able to do more', async () => {
    const maker = `maker_${database.name}`;
    const url = new URL(database.url);
    url.username = maker;
    url.password = 'maker';
    await pool.query(`create role ${maker} login password 'maker' createrole createdb`);
    // In a cluster with several projects the roles exist already, so its administrator must grant these rights.
    const { rows } = await pool.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    );
    const terms = rows[0]!.version >= 160000 ? 'with admin option' : '';
    for (const role of ['app', 'operator', 'relay', 'engines'])
      await pool.query(`grant basecommerce_${role} to ${maker} ${terms}`);
    try {
      await pool.query(`create database ${maker} owner ${maker}`);
      url.pathname = `/${maker}`;
      expect(await migrate({ url: url.toString(), directory: migrationsDirectory() })).toHaveLength(
        readMigrations(migrationsDirectory()).length,
      );
      const client = new pg.Client({ connectionString: url.toString(), options: '-c role=basecommerce_app' });
      await client.connect();
      await client.query('select app.assert_confined()');
      expect((await client.query('select count(*)::int as rows from products')).rows).toEqual([{ rows: 0 }]);
      await client.end();
    } finally {
      await pool.query(`drop database if exists ${maker} with (force)`);
      await pool.query(`drop owned by ${maker}; drop role ${maker}`);
    }
  });
});
