/** Restores a store from an archive: copies the archive beside it, compares, and applies it while the store takes no writes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { recordAct } from '#platform/audit';
import { composedSql, type Row, sql, violatedConstraint } from '#platform/database';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { applyArchive, type Applied } from './apply.js';
import type { ArchiveHeader } from './archive.js';
import { compareStore, type TableComparison } from './compare.js';
import { errors } from './errors.js';
import type { StoreEvents } from './policies.js';
import { SideCopy } from './side-copy.js';
import { aggregatesBack, type TenantTable, tenantTables } from './tables.js';

export interface RestoreRequest {
  /** Slug or id. */
  readonly store: string;
  readonly file: string;
  readonly key: string | undefined;
  readonly onTable?: (table: string, rows: number) => void;
}

export interface ApplyOptions {
  readonly actor: string;
  readonly reason: string;
  readonly events: StoreEvents;
  /** Does everything and rolls it back; the store keeps its writes meanwhile. */
  readonly isDryRun: boolean;
  readonly onComparison?: (comparison: readonly TableComparison[]) => void;
  /** `suspend` stops the store's writes, `reactivate` allows them again; both are called, also when the restore fails. */
  readonly suspend: () => Promise<void>;
  readonly reactivate: () => Promise<void>;
}

export interface Restored extends Applied {
  readonly header: ArchiveHeader;
  readonly comparison: readonly TableComparison[];
  /** The time during which the store took no writes. */
  readonly suspendedMs: number;
}

/** Requests end by the timeout of their statements; a longer wait means that something else is wrong. */
const LONGEST_REQUEST_MS = 20_000;
/** An engine that was computing may have written a row that the restore is about to write. */
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
  { store }: RestoreRequest,
  { actor, reason, events, isDryRun }: ApplyOptions,
  { schema, header }: SideCopy,
  tables: readonly TenantTable[],
  tenant: string,
): Promise<Applied> {
  const { subscriptions } = events;
  const aggregates = aggregatesBack(tables, events.aggregates);
  for (let attempt = 1; ; attempt++) {
    try {
      return await database[isDryRun ? 'rehearse' : 'transaction'](async (tx) => {
        const applied = await applyArchive(tx, { schema, tenant, actor, tables, aggregates, subscriptions });
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
  { store, file, key, onTable }: RestoreRequest,
  work: (copy: SideCopy, tables: readonly TenantTable[], tenant: string) => Promise<Result>,
): Promise<Result> {
  const { id: tenant } = await storeOf(database, store);
  const tables = await tenantTables(database);
  const copy = await SideCopy.load(database, { tenant, file, key, tables, ...(onTable ? { onTable } : {}) });
  try {
    return await work(copy, tables, tenant);
  } finally {
    await copy.drop();
  }
}

async function storeOf(database: CrossTenantDatabase, store: string): Promise<{ id: string; state: string }> {
  const row = await database.first<Row<'tenants', 'id' | 'state'>>(sql`
    select id, state from tenants where slug = ${store} or id::text = ${store}`);
  if (!row) throw errors.store_not_found({ details: { store } });
  return row;
}

/**
 * A request that started before the store was suspended may still commit. This waits for every transaction that was open at
 * that moment. The login behind the roles sees all of them, because every process connects with it.
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
