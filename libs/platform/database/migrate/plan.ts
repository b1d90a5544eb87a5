/** What `migrate` would apply, and what of it the release before cannot live with. The session is read-only: it changes nothing. */
import pg from 'pg';
import { contractionsIn } from './contractions.js';
import { type Migration, readMigrations } from './files.js';
import { appliedIn, pendingOf } from './history.js';

export interface PlannedMigration {
  readonly name: string;
  readonly objections: readonly string[];
}

export interface MigrationPlan {
  /** Nothing was ever applied: there is no release before this one. */
  readonly isFirst: boolean;
  readonly pending: readonly PlannedMigration[];
}

const PATIENCE_MS = 5_000;

/** Throws what `migrate` would: `migration_changed`, `migration_unfinished`. */
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

/** One that is marked `-- breaking` is meant to break, and breaks all the same. */
function objectionsTo({ isBreaking, sql }: Migration): string[] {
  return [...(isBreaking ? ['is marked as breaking'] : []), ...contractionsIn(sql)];
}
