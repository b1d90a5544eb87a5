import pg from 'pg';
import { createTestDatabase, testServerUrl } from './database.js';

const open = async (url: string) => {
  const client = new pg.Client({ connectionString: url, application_name: 'forgotten' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

const exists = async (name: string) => {
  const client = await open(testServerUrl());
  const found = await client.query('select from pg_database where datname = $1', [name]);
  await client.end();
  return found.rowCount === 1;
};

it('gives every caller a migrated database that others do not see', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const client = await open(one.url);
  await client.query('create table only_here ()');
  await client.end();
  const neighbour = await open(other.url);
  expect(
    (await neighbour.query(`select to_regclass('only_here') as here, to_regclass('tenants') as migrated`)).rows,
  ).toEqual([{ here: null, migrated: 'tenants' }]);
  await neighbour.end();
  await Promise.all([one.drop(), other.drop()]);
  expect(await exists(one.name)).toBe(false);
});

it('reports a connection that was left open, and drops the database all the same', async () => {
  const database = await createTestDatabase();
  const forgotten = await open(database.url);
  await forgotten.query('select 42');
  await expect(database.drop()).rejects.toThrow(/forgotten \(idle, last statement: select 42\)/);
  expect(await exists(database.name)).toBe(false);
});
