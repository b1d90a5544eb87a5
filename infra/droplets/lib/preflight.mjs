/**
 * The preflight of a deploy, run by the new release's own Node: it checks that the settings are complete, PostgreSQL
 * and Redis answer, the clocks agree, and the pending migrations do not break the serving release. It prints one line
 * per objection.
 */
import process from 'node:process';

const PATIENCE_MS = 5_000;
const CLOCK_TOLERANCE_MS = 2_000;

/** Objections to `migrate --plan`: breaking migrations, unless they are allowed or this is the first release. */
export function objectionsTo({ isFirst, pending }, isBreakingAllowed) {
  if (isBreakingAllowed || isFirst) return [];
  const objections = pending.flatMap(({ name, objections: those }) => those.map((says) => `${name} ${says}`));
  if (objections.length === 0) return [];
  return [...objections, 'deploy first a release that does not need it any more, then this one with --allow-breaking'];
}

async function settings() {
  const { readSettings } = await import('#platform/config');
  readSettings('vertical', process.env);
}

async function redis() {
  const { Redis } = await import('ioredis');
  const client = new Redis(process.env.REDIS_URL ?? '', {
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Without a listener the client writes errors to standard error.
  /** @type {Error | undefined} */
  let reason;
  client.on('error', (error) => (reason = error));
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw new Error(`Redis cannot be reached: ${(reason ?? error).message}`);
  } finally {
    client.disconnect();
  }
}

async function database(isBreakingAllowed) {
  const { migrationsDirectory, planMigrations } = await import('#platform/database/migrate');
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    connectionString: process.env.DATABASE_URL,
    connectionTimeoutMillis: PATIENCE_MS,
    statement_timeout: PATIENCE_MS,
  });
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`PostgreSQL cannot be reached: ${error.message || error.code}`);
  }
  try {
    const { rows } = await client.query('select clock_timestamp() as now');
    const apart = Math.abs(Date.now() - rows[0].now.getTime());
    if (apart > CLOCK_TOLERANCE_MS)
      throw new Error(`the clocks of this machine and of the database are ${apart} ms apart`);
  } finally {
    await client.end();
  }
  const plan = await planMigrations({ url: process.env.DATABASE_URL ?? '', directory: migrationsDirectory() });
  const objections = objectionsTo(plan, isBreakingAllowed);
  if (objections.length > 0) throw new Error(objections.join('; '));
  return plan.pending.map(({ name }) => name);
}

async function main() {
  const outcomes = await Promise.allSettled([settings(), redis(), database(process.argv[2] === '1')]);
  const objections = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.message] : []));
  const pending = outcomes[2].status === 'fulfilled' ? outcomes[2].value : [];
  for (const objection of objections) process.stderr.write(`${objection.replaceAll('\n', '; ')}\n`);
  if (objections.length > 0) process.exit(1);
  process.stdout.write(`pending migrations: ${pending.join(', ') || 'none'}\n`);
}

// From standard input this file runs as a program; a test imports its functions.
if (!import.meta.url.startsWith('file:') || import.meta.url.includes('[eval')) await main();
