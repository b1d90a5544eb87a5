/** Writes a store's rows of all tables, at one snapshot, into an archive. */
import { composedSql, type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { type ArchiveHeader, type TableDigest, writeArchive, type WrittenPart } from './archive.js';
import { errors } from './errors.js';
import { bindTenant, exportedOf, shapeOf, takeRole, tenantColumn, type TenantTable, tenantTables } from './tables.js';

export interface ExportRequest {
  /** Slug or id. */
  readonly store: string;
  readonly file: string;
  readonly key: string | undefined;
  readonly onTable?: (table: string, rows: number) => void;
}

export interface ExportOutcome {
  readonly header: ArchiveHeader;
  readonly tables: readonly TableDigest[];
}

const FETCH_ROWS = 1_000;

/** One statement on the connection that holds the snapshot. */
type Ask = <Row>(statement: Sql<Row>) => Promise<Row[]>;

export async function exportStore(database: CrossTenantDatabase, request: ExportRequest): Promise<ExportOutcome> {
  const tables = exportedOf(await tenantTables(database));
  const client = await database.pool.connect();
  const ask: Ask = async ({ text, values }) => (await client.query({ text, values: [...values] })).rows as never;
  let hasFailed = true;
  try {
    await ask(sql`begin isolation level repeatable read read only`);
    const header = await headerOf(ask, request.store, tables);
    const digests = await writeArchive(request.file, request.key, partsOf(ask, header, tables, request.onTable));
    await ask(sql`commit`);
    hasFailed = false;
    return { header, tables: digests };
  } finally {
    // A connection with an open transaction must not return to the pool.
    client.release(hasFailed);
  }
}

async function headerOf(ask: Ask, store: string, tables: readonly TenantTable[]): Promise<ArchiveHeader> {
  const [found] = await ask<Row<'tenants', 'id' | 'slug'> & { taken_at: Date; migration: string }>(sql`
    select t.id, t.slug, clock_timestamp() as taken_at,
           (select migration_name from _prisma_migrations order by migration_name desc limit 1) as migration
      from tenants t where t.slug = ${store} or t.id::text = ${store}`);
  if (!found) throw errors.store_not_found({ details: { store } });
  return {
    tenant: found.id,
    slug: found.slug,
    taken_at: found.taken_at.toISOString(),
    migration: found.migration,
    shapes: Object.fromEntries(tables.map((table) => [table.name, shapeOf(table)])),
  };
}

async function* partsOf(
  ask: Ask,
  header: ArchiveHeader,
  tables: readonly TenantTable[],
  onTable: ExportRequest['onTable'],
): AsyncGenerator<WrittenPart> {
  yield { kind: 'header', header };
  await ask(bindTenant(header.tenant));
  for (const table of tables) {
    const { name, role, columns, key } = table;
    if (!role) throw errors.table_without_policy({ details: { tables: `${name}: no role can read it` } });
    await ask(takeRole(role));
    yield { kind: 'table', table: name };
    await ask(
      composedSql(
        `declare exported no scroll cursor for
           select row_to_json(r)::text as line from (
             select ${columns.join(', ')} from public.${name} where ${tenantColumn(name)} = '${header.tenant}' order by ${key.join(', ')}) r`,
      ),
    );
    let rows = 0;
    for (;;) {
      const lines = await ask<{ line: string }>(composedSql(`fetch ${FETCH_ROWS} from exported`));
      rows += lines.length;
      if (lines.length > 0) yield { kind: 'rows', table: name, lines: lines.map(({ line }) => line) };
      if (lines.length < FETCH_ROWS) break;
    }
    await ask(composedSql('close exported'));
    onTable?.(name, rows);
  }
}
