/** A process whose role bypasses row security does not start. A pooler between it and PostgreSQL may drop the requested role. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#testing/database';

const ROOT = path.resolve(import.meta.dirname, '../..');
const ENVIRONMENT = {
  PATH: process.env['PATH'],
  NODE_ENV: 'production',
  REDIS_URL: process.env['TEST_REDIS_URL'],
  METRICS_PORT: '0',
  BASE_DOMAIN: 'shop.test',
  ENCRYPTION_KEY: 'ek-5Tg8Yh1Uj4Ik7Ol2Pm9Qa3Ws6Ed0RfZu',
};

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

it.each([
  ['basecommerce_relay', 'dist/apps/outbox-relay/main.js', []],
  ['basecommerce_engines', 'dist/apps/engines-worker/main.js', ['work']],
  ['basecommerce_engines', 'dist/apps/engines-worker/main.js', ['run', 'stock']],
] as const)('%s owns a table: %s %j refuses to start', async (role, program, args) => {
  await asOwner(`create table owned_by_it (); alter table owned_by_it owner to ${role}`);
  const { code, said } = await ended(program, args);
  expect(said).toContain(`The database role ${role} owns tables`);
  expect(code).toBeGreaterThan(0);
  await asOwner('drop table owned_by_it');
});

async function asOwner(statements: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(statements);
  await client.end();
}

/** A process that does not end by itself has started; it is killed, and `code` is null. */
function ended(program: string, args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [path.join(ROOT, program), ...args], {
    env: { ...ENVIRONMENT, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}
