/** Checks, at boot and for readiness, that this process fits this database. */
import type pg from 'pg';
import { DomainError } from '#kernel';
import { type Migration, migrationsDirectory, readMigrations } from './files.js';
import { appliedIn, type MigrationStatus, requireFinished, statusOf } from './history.js';

type Reader = Pick<pg.ClientBase | pg.Pool, 'query'>;

/**
 * Throws `migrations_pending` (this process expects what the database does not have yet), `process_outdated` (the
 * database has had a breaking migration this process does not know) or `migration_unfinished`. Unknown migrations that
 * do not break are fine: during a release the old process runs on the new schema.
 */
export async function assertMigrated(
  client: Reader,
  migrations: readonly Migration[] = readMigrations(migrationsDirectory()),
): Promise<MigrationStatus> {
  const applied = await appliedIn(client);
  requireFinished(applied);
  const status = statusOf(migrations, applied);
  if (status.pending.length > 0) {
    throw new DomainError(
      'migrations_pending',
      'unavailable',
      `The database lacks ${list(status.pending)}: run the migrations first.`,
    );
  }
  if (status.unknown.length > 0) {
    const { rows } = await client.query<{ name: string }>(
      'select name from app.breaking_migrations where name = any($1) order by name',
      [status.unknown],
    );
    if (rows.length > 0) {
      const names = rows.map((row) => row.name);
      throw new DomainError(
        'process_outdated',
        'unavailable',
        `This release is older than the database, which has had ${list(names)}: run a newer release.`,
      );
    }
  }
  return status;
}

function list(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
