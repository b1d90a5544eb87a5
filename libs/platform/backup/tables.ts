/** The tables that hold rows of a store, as PostgreSQL's own catalogue describes them, parents first. */
import { createHash } from 'node:crypto';
import { composedSql, type Queryable, type Sql, sql } from '#platform/database';
import { errors } from './errors.js';
import { isExported, statedPolicy, type TablePolicy } from './policies.js';

export interface TenantTable {
  readonly name: string;
  /** Quoted, in order, without generated columns and without those that the policy leaves out. */
  readonly columns: readonly string[];
  readonly types: readonly string[];
  readonly key: readonly string[];
  readonly parents: readonly string[];
  /** A role whose row security shows the store's rows; undefined if no role does. */
  readonly role: 'basecommerce_app' | 'basecommerce_engines' | undefined;
  readonly policy: TablePolicy;
  /** The aggregate whose row the table holds. */
  readonly aggregate: string | undefined;
}

interface CatalogueRow {
  name: string;
  columns: string[];
  types: string[];
  key: string[] | null;
  parents: string[] | null;
  policies: string[] | null;
  comment: string | null;
}

/** Throws `table_without_policy`. */
export async function tenantTables(database: Queryable): Promise<TenantTable[]> {
  const rows = await database.query<CatalogueRow>(sql<CatalogueRow>`
    select c.relname::text as name, a.columns, a.types,
           (select array_agg(quote_ident(k.attname) order by place)
              from pg_index i, unnest(i.indkey) with ordinality as p(number, place)
              join pg_attribute k on k.attnum = p.number
             where i.indrelid = c.oid and i.indisprimary and k.attrelid = c.oid) as key,
           (select array_agg(distinct f.confrelid::regclass::text) from pg_constraint f
             where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as parents,
           (select array_agg(p.polname::text) from pg_policy p where p.polrelid = c.oid) as policies,
           obj_description(c.oid, 'pg_class') as comment
      from pg_class c
     cross join lateral (
       select array_agg(quote_ident(attname) order by attnum) as columns, array_agg(format_type(atttypid, atttypmod) order by attnum) as types
         from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') a
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and (c.relname = 'tenants' or exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped))
     order by 1`);
  return parentsFirst(rows.map(tableOf));
}

export const exportedOf = (tables: readonly TenantTable[]): TenantTable[] =>
  tables.filter(({ policy }) => isExported(policy));

/** A digest of names, columns and types, which must be the same here and in an archive. */
export function shapeOf({ columns, types, key }: TenantTable): string {
  return createHash('sha256')
    .update(JSON.stringify([columns, types, key]))
    .digest('hex')
    .slice(0, 16);
}

export const tenantColumn = (table: string): string => (table === 'tenants' ? 'id' : 'tenant_id');

/** Row security shows the store's rows to a role; the condition beside it is for roles that see more. */
export const takeRole = (role: string): Sql => composedSql(`set local role ${role}`);
export const bindTenant = (tenant: string): Sql => sql`select set_config('app.tenant_id', ${tenant}, true)`;

/** Aggregates whose tables go back, and their events with them. Throws `aggregate_without_policy`. */
export function aggregatesBack(tables: readonly TenantTable[], aggregates: readonly string[]): string[] {
  const holders = new Map(tables.map((table) => [table.aggregate, table]));
  const unstated = aggregates.filter((aggregate) => !holders.has(aggregate));
  if (unstated.length > 0) throw errors.aggregate_without_policy({ details: { aggregates: unstated.join(', ') } });
  return aggregates.filter((aggregate) => holders.get(aggregate)!.policy.kind === 'back');
}

function tableOf({ name, columns, types, key, parents, policies, comment }: CatalogueRow): TenantTable {
  const { policy, aggregate } = statedPolicy(name, comment);
  const left = new Set(policy.kind === 'keep' ? policy.without : []);
  const kept = columns.map((column, index) => [column, types[index]!] as const).filter(([column]) => !left.has(column));
  const sees = (wanted: string) => policies?.includes(wanted) ?? false;
  return {
    name,
    columns: kept.map(([column]) => column),
    types: kept.map(([, type]) => type),
    key: key ?? [],
    parents: parents ?? [],
    role: sees('tenant_isolation') ? 'basecommerce_app' : sees('engines_access') ? 'basecommerce_engines' : undefined,
    policy,
    aggregate,
  };
}

function parentsFirst(tables: readonly TenantTable[]): TenantTable[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const ordered = new Set<TenantTable>();
  const visit = (table: TenantTable) => {
    if (ordered.has(table)) return;
    for (const parent of table.parents) if (byName.has(parent)) visit(byName.get(parent)!);
    ordered.add(table);
  };
  for (const table of tables) visit(table);
  return [...ordered];
}
