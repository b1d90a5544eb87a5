/** A store from an archive: copied beside it, compared, and then applied while the store takes no writes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { recordAct } from '#platform/audit';
import { composedSql, sql, violatedConstraint } from '#platform/database';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { applyArchive, type Applied } from './apply.js';
import type { ArchiveHeader } from './archive.js';
import { compareStore, type TableComparison } from './compare.js';
import { errors } from './errors.js';
import type { StorePolicies } from './policies.js';
import { SideCopy } from './side-copy.js';
import { type TenantTable, tenantTables } from './tables.js';

export interface RestoreRequest {
  /** Slug or id. */
  readonly store: string;
  readonly file: string;
  readonly key: string | undefined;
  readonly policies: StorePolicies;
  readonly onTable?: (table: string, rows: number) => void;
}

export interface ApplyOptions {
  readonly actor: string;
  readonly reason: string;
  /** Does everything and takes it back; the store goes on writing meanwhile. */
  readonly isDryRun: boolean;
  readonly onComparison?: (comparison: readonly TableComparison[]) => void;
  /** Stops the store's writes, and lets them go on; called around the restore, whatever becomes of it. */
  readonly suspend: () => Promise<void>;
  readonly reactivate: () => Promise<void>;
}

export interface Restored extends Applied {
  readonly header: ArchiveHeader;
  readonly comparison: readonly TableComparison[];
  /** How long the store took no writes. */
  readonly suspendedMs: number;
}

/** Requests end by their statements' timeout; longer than this, something else is wrong. */
const LONGEST_REQUEST_MS = 20_000;
/** An engine that was computing may have written what is about to be written. */
const ATTEMPTS = 3;

export async function compareWithArchive(
  database: CrossTenantDatabase,
  request: RestoreRequest,
): Promise<{ header: ArchiveHeader; comparison: TableComparison[] }> {
  return beside(database, request, async (copy, tables, tenant) => ({
    header: copy.header,
    comparison: await database.rehearse((tx) => compareStore(tx, copy.schema, tenant, tables)),
  }));
}

export async function restoreStore(
  database: CrossTenantDatabase,
  request: RestoreRequest,
  options: ApplyOptions,
): Promise<Restored> {
  return beside(database, request, async (copy, tables, tenant) => {
    const { isDryRun } = options;
    const suspendedAt = performance.now();
    const { state } = await storeOf(database, request.store);
    const isSuspending = !isDryRun && state === 'active';
    if (isSuspending) await options.suspend();
    try {
      if (!isDryRun) await requestsEnded(database);
      const comparison = await database.rehearse((tx) => compareStore(tx, copy.schema, tenant, tables));
      options.onComparison?.(comparison);
      const applied = await apply(database, request, options, copy, tables, tenant);
      return { ...applied, header: copy.header, comparison, suspendedMs: Math.round(performance.now() - suspendedAt) };
    } finally {
      if (isSuspending) await options.reactivate();
    }
  });
}

async function apply(
  database: CrossTenantDatabase,
  { store, policies }: RestoreRequest,
  { actor, reason, isDryRun }: ApplyOptions,
  { schema, header }: SideCopy,
  tables: readonly TenantTable[],
  tenant: string,
): Promise<Applied> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database[isDryRun ? 'rehearse' : 'transaction'](async (tx) => {
        const applied = await applyArchive(tx, { schema, tenant, actor, tables, policies });
        const details = { archive_taken_at: header.taken_at, ...applied };
        await recordAct(tx, { actor, action: 'store.restore', tenant, subject: store, reason, details });
        return applied;
      });
    } catch (error) {
      if (attempt === ATTEMPTS || violatedConstraint(error) === undefined) throw error;
    }
  }
}

async function beside<Result>(
  database: CrossTenantDatabase,
  { store, file, key, policies, onTable }: RestoreRequest,
  work: (copy: SideCopy, tables: readonly TenantTable[], tenant: string) => Promise<Result>,
): Promise<Result> {
  const { id: tenant } = await storeOf(database, store);
  const tables = await tenantTables(database, policies);
  const copy = await SideCopy.load(database, { tenant, file, key, tables, ...(onTable ? { onTable } : {}) });
  try {
    return await work(copy, tables, tenant);
  } finally {
    await copy.drop();
  }
}

async function storeOf(database: CrossTenantDatabase, store: string): Promise<{ id: string; state: string }> {
  const row = await database.first<{ id: string; state: string }>(sql`
    select id, state from tenants where slug = ${store} or id::text = ${store}`);
  if (!row) throw errors.store_not_found({ details: { store } });
  return row;
}

/**
 * A request that was let in before the store was suspended may still commit. Whoever was in a transaction at that moment is
 * waited for; the login behind the roles sees them all, because every process connects with it.
 */
async function requestsEnded(database: CrossTenantDatabase): Promise<void> {
  const since = (await database.first<{ at: Date }>(sql`select clock_timestamp() as at`))!.at;
  for (const deadline = Date.now() + LONGEST_REQUEST_MS; ; await sleep(50)) {
    const [, rows] = await database.rehearse((tx) =>
      tx.batch([
        composedSql('set local role none'),
        sql<{ open: number }>`select count(*)::int as open from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and application_name = 'vertical' and xact_start < ${since}`,
      ]),
    );
    if (rows[0]!.open === 0) return;
    if (Date.now() > deadline) throw errors.store_busy();
  }
}
