/** A database that lives as long as one command: made on the server tests use, migrated if wanted, dropped at the end. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

const root = path.join(import.meta.dirname, '..', '..');
export const migrationsFolder = path.join(root, 'prisma', 'migrations');

export async function withScratchDatabase(work) {
  const server = serverUrl();
  const name = `bc_test_${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await administer(server, `create database ${name} template template0`);
  try {
    return await work(url.toString());
  } finally {
    await administer(server, `drop database ${name} with (force)`);
  }
}

export async function withMigratedDatabase(work) {
  const { migrate } = await migrator();
  return withScratchDatabase(async (url) => {
    await migrate({ url, directory: migrationsFolder });
    return work(url);
  });
}

function serverUrl() {
  if (process.env.TEST_DATABASE_URL) return process.env.TEST_DATABASE_URL;
  const file = path.join(root, '.data', 'test-servers.json');
  if (!existsSync(file))
    throw new Error('no PostgreSQL to work on: set TEST_DATABASE_URL or run `npm run servers -- --detach`');
  return JSON.parse(readFileSync(file, 'utf8')).databaseUrl;
}

async function migrator() {
  const built = path.join(root, 'dist', 'libs', 'platform', 'database', 'migrate', 'index.js');
  if (!existsSync(built)) throw new Error('the migrator is not built: run `npm run build`');
  return import(built);
}

async function administer(server, statement) {
  const client = new pg.Client({ connectionString: server, application_name: 'scratch-database' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
