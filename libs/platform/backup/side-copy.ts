/**
 * A copy of the archive beside the store: the same tables in a separate schema, filled and checked to the last byte
 * before they are read. Creating it needs the rights of the migrations' login, as a replay does.
 */
import { composedSql, type Queryable, type Sql, sql } from '#platform/database';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { type ArchiveHeader, readArchive, verifyArchive } from './archive.js';
import { errors } from './errors.js';
import { exportedOf, shapeOf, tenantColumn, type TenantTable } from './tables.js';

export interface SideCopyRequest {
  readonly tenant: string;
  readonly file: string;
  readonly key: string | undefined;
  readonly tables: readonly TenantTable[];
  readonly onTable?: (table: string, rows: number) => void;
}

export class SideCopy {
  private constructor(
    private readonly database: CrossTenantDatabase,
    readonly schema: string,
    readonly header: ArchiveHeader,
  ) {}

  static async load(database: CrossTenantDatabase, request: SideCopyRequest): Promise<SideCopy> {
    await requireOwner(database);
    const tables = exportedOf(request.tables);
    const schema = `restore_${request.tenant.replaceAll('-', '')}`;
    const header = await verifyArchive(request.file, request.key);
    requireFit(header, request.tenant, tables);
    await create(database, schema, tables);
    const copy = new SideCopy(database, schema, header);
    try {
      await copy.fill(readArchive(request.file, request.key), tables, request.onTable);
      await copy.requireOneStore(request.tenant, tables);
    } catch (error) {
      await copy.drop();
      throw error;
    }
    return copy;
  }

  async drop(): Promise<void> {
    await asOwner(this.database, [`drop schema if exists ${this.schema} cascade`]);
  }

  private async fill(
    parts: ReturnType<typeof readArchive>,
    tables: readonly TenantTable[],
    onTable: SideCopyRequest['onTable'],
  ): Promise<void> {
    const byName = new Map(tables.map((table) => [table.name, table]));
    const counts = new Map<string, number>();
    for await (const part of parts) {
      if (part.kind === 'header') continue;
      const table = byName.get(part.table);
      if (!table) throw errors.archive_damaged();
      await this.database.execute(insertLines(this.schema, table, part.lines));
      counts.set(table.name, (counts.get(table.name) ?? 0) + part.lines.length);
      onTable?.(table.name, counts.get(table.name)!);
    }
    const analysis = tables.map(({ name }) => `analyze ${this.schema}.${name}`);
    await asOwner(this.database, analysis);
  }

  /** An archive that was made by hand could contain rows of another store; none of them may be written. */
  private async requireOneStore(tenant: string, tables: readonly TenantTable[]): Promise<void> {
    for (const { name } of tables) {
      const stray = composedSql(`select from ${this.schema}.${name} where ${tenantColumn(name)} <> $1 limit 1`, [
        tenant,
      ]);
      if (await this.database.first(stray)) throw errors.archive_of_another_store({ details: { table: name } });
    }
  }
}

function requireFit(header: ArchiveHeader, tenant: string, tables: readonly TenantTable[]): void {
  if (header.tenant !== tenant) throw errors.archive_of_another_store({ details: { archive: header.slug } });
  const here = new Map(tables.map((table) => [table.name, shapeOf(table)]));
  const names = new Set([...here.keys(), ...Object.keys(header.shapes)]);
  const changed = [...names].filter((name) => here.get(name) !== header.shapes[name]);
  if (changed.length > 0) throw errors.archive_schema_changed({ details: { tables: changed.join(', ') } });
}

async function requireOwner(database: Queryable): Promise<void> {
  const row = await database.first<{ owns: boolean }>(sql`
    select bool_and(pg_has_role(session_user, relowner, 'usage')) and has_database_privilege(session_user, current_database(), 'create') as owns
      from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`);
  if (!row!.owns) throw errors.restore_needs_owner();
}

async function create(database: CrossTenantDatabase, schema: string, tables: readonly TenantTable[]): Promise<void> {
  await asOwner(database, [
    `drop schema if exists ${schema} cascade`,
    `create schema ${schema}`,
    ...tables
      .map(
        ({ name, columns, key }) =>
          `create table ${schema}.${name} as select ${columns.join(', ')} from public.${name} with no data; alter table ${schema}.${name} add primary key (${key.join(', ')})`,
      )
      .flatMap((text) => text.split('; ')),
    `grant usage on schema ${schema} to basecommerce_operator, basecommerce_app, basecommerce_engines`,
    `grant select, insert on all tables in schema ${schema} to basecommerce_operator`,
    `grant select on all tables in schema ${schema} to basecommerce_app, basecommerce_engines`,
  ]);
}

/** Runs these statements as the login behind the role. */
async function asOwner(database: CrossTenantDatabase, statements: readonly string[]): Promise<void> {
  const all = ['set local role none', ...statements];
  await database.transaction(async (tx) => void (await tx.batch(all.map((text) => composedSql(text)))));
}

function insertLines(schema: string, { name, columns }: TenantTable, lines: readonly string[]): Sql {
  const list = columns.join(', ');
  return composedSql(
    `insert into ${schema}.${name} (${list}) select ${list} from json_populate_recordset(null::${schema}.${name}, $1::json)`,
    [`[${lines.join(',')}]`],
  );
}
