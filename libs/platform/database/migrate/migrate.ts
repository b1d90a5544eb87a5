/**
 * Applies migrations with nothing but `pg`, and records them the way Prisma does (`_prisma_migrations`), so that a deploy
 * needs no engine to download and Prisma's own tools agree on what was applied.
 *
 *   lock ─▶ compare with what is recorded ─▶ for each pending: begin, lock_timeout, run, record, commit ─▶ unlock
 *
 * One migrator at a time holds the advisory lock, the same as Prisma's; a second one waits and finds nothing to do. It
 * polls and does not wait inside pg_advisory_lock: a waiting statement keeps its snapshot, and CREATE INDEX
 * CONCURRENTLY in the migrator that holds the lock would wait for that snapshot for ever.
 *
 * `lock_timeout` prevents that reads wait behind a waiting migration: it gives up after 750 ms (a reader waited 3.3 s
 * without, 0.58 s with it), rolls back, lets the reads run and tries again. In a transaction a failure leaves nothing
 * behind. Outside one (`-- no-transaction`) it may, so the start is recorded first, and a migration that did not reach
 * its end stops every later run until a person has repaired it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DomainError } from '#kernel';
import { type Migration, readMigrations } from './files.js';
import { appliedIn, pendingOf } from './history.js';
import { statementsOf } from './statements.js';

const ADVISORY_LOCK = 72_707_369;
const LOCK_TIMEOUT_MS = 750;
const ATTEMPTS = 20;
const LONGEST_PAUSE_MS = 4_000;
/** Errors of another transaction's lock (not available, deadlock, two migrators of two databases at the same role). */
const WORTH_RETRYING = new Set(['55P03', '40P01', '40001']);

const TABLE = `
  create table if not exists public._prisma_migrations (
    id varchar(36) primary key not null,
    checksum varchar(64) not null,
    finished_at timestamptz,
    migration_name varchar(255) not null,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz not null default now(),
    applied_steps_count integer not null default 0
  )`;

export interface MigrateOptions {
  url: string;
  directory: string;
  onProgress?: (line: string) => void;
}

type Say = (line: string) => void;

/** Returns the names it applied. Throws `migration_changed`, `migration_unfinished` or `migration_failed`. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const say = options.onProgress ?? (() => undefined);
  const client = new pg.Client({ connectionString: options.url, application_name: 'migrate' });
  await client.connect();
  try {
    await takeLock(client, say);
    await client.query(
      `set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set client_min_messages = warning; ${TABLE}`,
    );
    const pending = pendingOf(readMigrations(options.directory), await appliedIn(client));
    for (const [index, migration] of pending.entries()) {
      const startedAt = performance.now();
      await apply(client, migration, say);
      say(`${index + 1}/${pending.length} ${migration.name} (${Math.round(performance.now() - startedAt)} ms)`);
    }
    return pending.map((migration) => migration.name);
  } finally {
    // The end of the session releases the advisory lock in every state.
    await client.end();
  }
}

async function takeLock(client: pg.Client, say: Say): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
      ADVISORY_LOCK,
    ]);
    if (rows[0]!.taken) return;
    if (attempt % 50 === 0) say('another migrator is at work; waiting for it');
    await sleep(100);
  }
}

async function apply(client: pg.Client, migration: Migration, say: Say): Promise<void> {
  if (!migration.isTransactional) return outsideTransaction(client, migration);
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(client, migration);
    } catch (error) {
      if (attempt === ATTEMPTS || !WORTH_RETRYING.has((error as pg.DatabaseError).code ?? ''))
        throw failureOf(migration, error);
      const pause = Math.min(LONGEST_PAUSE_MS, 100 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      say(
        `${migration.name}: a lock is held by somebody else, attempt ${attempt} of ${ATTEMPTS}, next in ${Math.round(pause)} ms`,
      );
      await sleep(pause);
    }
  }
}

async function inTransaction(client: pg.Client, migration: Migration): Promise<void> {
  await client.query(`begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
  try {
    await client.query(migration.sql);
    await noteBreaking(client, migration);
    await client.query(
      `insert into public._prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       values ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/**
 * Without lock_timeout: if it is cut off while it waits, CREATE INDEX CONCURRENTLY leaves an invalid index. Its lock
 * blocks neither reads nor writes.
 */
async function outsideTransaction(client: pg.Client, migration: Migration): Promise<void> {
  const id = randomUUID();
  await client.query('insert into public._prisma_migrations (id, checksum, migration_name) values ($1, $2, $3)', [
    id,
    migration.checksum,
    migration.name,
  ]);
  try {
    for (const statement of statementsOf(migration.sql)) await client.query(statement);
    await noteBreaking(client, migration);
  } catch (error) {
    const failure = failureOf(migration, error);
    await client.query('update public._prisma_migrations set logs = $2 where id = $1', [id, failure.message]);
    throw failure;
  }
  await client.query(
    'update public._prisma_migrations set finished_at = now(), applied_steps_count = 1 where id = $1',
    [id],
  );
}

async function noteBreaking(client: pg.Client, migration: Migration): Promise<void> {
  if (migration.isBreaking)
    await client.query('insert into app.breaking_migrations (name) values ($1)', [migration.name]);
}

function failureOf(migration: Migration, error: unknown): DomainError {
  const { message, position, detail, hint } = error as pg.DatabaseError;
  const line =
    position && migration.isTransactional
      ? ` at line ${migration.sql.slice(0, Number(position)).split('\n').length}`
      : '';
  const kept = migration.isTransactional
    ? 'nothing of it was kept'
    : 'it runs outside a transaction, so part of it may be there';
  const remarks = [detail, hint].filter(Boolean).map((remark) => ` (${remark})`);
  return new DomainError(
    'migration_failed',
    'internal',
    `${migration.name} failed${line}; ${kept}: ${message}${remarks.join('')}`,
    {
      cause: error,
    },
  );
}
