/** Lists what `migrate` would apply, and the statements that break the previous release. The session is read-only. */
import pg from 'pg';
import { contractionsIn } from './contractions.js';
import { type Migration, readMigrations } from './files.js';
import { appliedIn, pendingOf } from './history.js';

export interface PlannedMigration {
  readonly name: string;
  readonly objections: readonly string[];
}

export interface MigrationPlan {
  /** No migration was ever applied, so there is no previous release. */
  readonly isFirst: boolean;
  readonly pending: readonly PlannedMigration[];
}

const PATIENCE_MS = 5_000;

/** Throws the errors of `migrate`: `migration_changed`, `migration_unfinished`. */
export async function planMigrations(options: { url: string; directory: string }): Promise<MigrationPlan> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'migrate --plan',
    connectionTimeoutMillis: PATIENCE_MS,
    statement_timeout: PATIENCE_MS,
    options: '-c default_transaction_read_only=on',
  });
  await client.connect();
  try {
    const applied = await appliedIn(client);
    const pending = pendingOf(readMigrations(options.directory), applied);
    return {
      isFirst: applied.length === 0,
      pending: pending.map((migration) => ({ name: migration.name, objections: objectionsTo(migration) })),
    };
  } finally {
    await client.end();
  }
}

/** A migration that is marked `-- breaking` breaks the previous release by design, and is listed as well. */
function objectionsTo({ isBreaking, sql }: Migration): string[] {
  return [...(isBreaking ? ['is marked as breaking'] : []), ...contractionsIn(sql)];
}
