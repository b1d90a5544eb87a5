/** Compares `_prisma_migrations` with the files. It is pure, so every disagreement has its own test. */
import type pg from 'pg';
import { DomainError } from '#kernel';
import type { Migration } from './files.js';

export interface Applied {
  readonly migration_name: string;
  readonly checksum: string;
  /** Null while it runs, and for ever if it failed outside a transaction. */
  readonly finished_at: Date | null;
}

export interface MigrationStatus {
  readonly pending: readonly string[];
  /** Recorded in the database and unknown here: a newer release has migrated it. */
  readonly unknown: readonly string[];
}

type Reader = Pick<pg.ClientBase | pg.Pool, 'query'>;

export async function appliedIn(client: Reader): Promise<Applied[]> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('public._prisma_migrations') is not null as found`,
  );
  if (!rows[0]!.found) return [];
  const recorded = await client.query<Applied>(
    `select migration_name, checksum, finished_at from public._prisma_migrations where rolled_back_at is null order by started_at`,
  );
  return recorded.rows;
}

/** What is left to apply. Throws `migration_unfinished` or `migration_changed` when history and files disagree. */
export function pendingOf(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  requireFinished(applied);
  const recorded = new Map(applied.map((row) => [row.migration_name, row]));
  for (const migration of migrations) {
    const row = recorded.get(migration.name);
    if (row && row.checksum !== migration.checksum) {
      throw new DomainError(
        'migration_changed',
        'conflict',
        `${migration.name} was applied and its file has changed since: put the file back and add a new migration instead.`,
      );
    }
  }
  return migrations.filter((migration) => !recorded.has(migration.name));
}

export function statusOf(migrations: readonly Migration[], applied: readonly Applied[]): MigrationStatus {
  const finished = new Set(applied.filter((row) => row.finished_at !== null).map((row) => row.migration_name));
  const known = new Set(migrations.map((migration) => migration.name));
  return {
    pending: [...known].filter((name) => !finished.has(name)),
    unknown: [...finished].filter((name) => !known.has(name)),
  };
}

export function requireFinished(applied: readonly Applied[]): void {
  const broken = applied.find((row) => row.finished_at === null);
  if (!broken) return;
  throw new DomainError(
    'migration_unfinished',
    'conflict',
    `${broken.migration_name} was started and never finished. Undo what it left, then set rolled_back_at on its row in _prisma_migrations.`,
  );
}
