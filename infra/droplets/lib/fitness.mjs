/**
 * Fed to the new release's own Node before it is deployed: are its settings complete, do PostgreSQL and Redis answer, do the
 * clocks agree, and can the release that serves now live with the migrations that are pending? One line an objection.
 */
import process from 'node:process';

const PATIENCE_MS = 5_000;
const CLOCK_TOLERANCE_MS = 2_000;

/** What takes something away, or makes it stricter, under a process that still reads and writes the old shape. */
const CONTRACTIONS = [
  [/\bdrop\s+(table|column|view|materialized\s+view|schema|type|function|procedure)\b/i, 'drops something'],
  [/\balter\s+table\b[^;]*\brename\b/i, 'renames something'],
  [
    /\balter\s+(column\s+)?\S+\s+(set\s+data\s+)?type\b/i,
    'changes a type, which rewrites the table under its strongest lock',
  ],
  [/\balter\s+column\s+\S+\s+set\s+not\s+null\b/i, 'forbids null where the old release may still write it'],
  [
    /\badd\s+column\b(?=[^,;]*\bnot\s+null\b)(?![^,;]*\b(default|generated)\b)/i,
    'demands a column that the old release does not write; give it a default',
  ],
  [/\btruncate\b/i, 'empties a table'],
];

/**
 * Each contraction that a migration holds, as a sentence. Comments and quoted texts say nothing, the bodies of functions
 * neither: what they do, they do when they are called.
 */
export function contractionsIn(script) {
  const statements = script
    .replace(/--[^\n]*|\/\*[^]*?\*\//g, ' ')
    .replace(/(\$\w*\$)[^]*?\1/g, "''")
    .replace(/'(?:[^']|'')*'/g, "''");
  return CONTRACTIONS.filter(([pattern]) => pattern.test(statements)).map(([, says]) => says);
}

/** A migration that is marked `-- breaking` is a contraction on purpose, and refused all the same unless it is allowed. */
export function objectionsTo(pending, isBreakingAllowed) {
  if (isBreakingAllowed) return [];
  const objections = pending.flatMap((migration) => [
    ...(migration.isBreaking ? [`${migration.name} is marked as breaking`] : []),
    ...contractionsIn(migration.sql).map((says) => `${migration.name} ${says}`),
  ]);
  if (objections.length === 0) return [];
  return [...objections, 'deploy first a release that does not need it any more, then this one with --allow-breaking'];
}

async function settings() {
  const { readSettings } = await import('#platform/config');
  readSettings('vertical', process.env);
}

async function redis() {
  const { Redis } = await import('ioredis');
  const client = new Redis(process.env.REDIS_URL, {
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Without a listener it writes to standard error by itself.
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
  const { readMigrations, migrationsDirectory, migrationStatus } = await import('#platform/database/migrate');
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
    const { rows } = await client.query(
      `select clock_timestamp() as now, to_regclass('public._prisma_migrations') is null as "isNew"`,
    );
    const apart = Math.abs(Date.now() - rows[0].now.getTime());
    if (apart > CLOCK_TOLERANCE_MS)
      throw new Error(`the clocks of this machine and of the database are ${apart} ms apart`);
    const { pending } = await migrationStatus(client);
    const missing = readMigrations(migrationsDirectory()).filter((migration) => pending.includes(migration.name));
    // An empty database has nobody who could be hurt.
    const objections = objectionsTo(missing, isBreakingAllowed || rows[0].isNew);
    if (objections.length > 0) throw new Error(objections.join('; '));
    return pending;
  } finally {
    await client.end();
  }
}

async function main() {
  const outcomes = await Promise.allSettled([settings(), redis(), database(process.argv[2] === '1')]);
  const objections = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.message] : []));
  for (const objection of objections) process.stderr.write(`${objection.replaceAll('\n', '; ')}\n`);
  if (objections.length > 0) process.exit(1);
  process.stdout.write(`pending migrations: ${outcomes[2].value.join(', ') || 'none'}\n`);
}

// Read from standard input it is a program; imported, a pair of functions to test.
if (!import.meta.url.startsWith('file:') || import.meta.url.includes('[eval')) await main();
