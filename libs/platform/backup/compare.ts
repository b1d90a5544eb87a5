/** Computes what a restore would change, for each table: the archive's rows compared with the store's. */
import { composedSql, type Sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { bindTenant, exportedOf, takeRole, tenantColumn, type TenantTable } from './tables.js';

export interface TableComparison {
  readonly table: string;
  /** The table's restore policy: `back`, `events`, `highest` or `keep`. */
  readonly policy: string;
  readonly same: number;
  readonly different: number;
  readonly only_in_store: number;
  readonly only_in_archive: number;
}

/** Reads in the snapshot of the transaction; leaves the role unchanged. */
export async function compareStore(
  tx: CrossTenantTransaction,
  schema: string,
  tenant: string,
  tables: readonly TenantTable[],
): Promise<TableComparison[]> {
  const found: TableComparison[] = [];
  await tx.query(bindTenant(tenant));
  for (const table of exportedOf(tables)) {
    const [, rows] = await tx.batch([takeRole(table.role!), comparison(schema, tenant, table)]);
    found.push({ table: table.name, policy: table.policy.kind, ...rows[0]! });
  }
  await tx.query(takeRole('basecommerce_operator'));
  return found;
}

type Counts = Omit<TableComparison, 'table' | 'policy'>;

function comparison(schema: string, tenant: string, { name, columns, key }: TenantTable): Sql<Counts> {
  const pairs = key.map((column) => `l.${column} = s.${column}`).join(' and ');
  const textOf = (alias: string) => `row(${columns.map((column) => `${alias}.${column}`).join(', ')})::text`;
  return composedSql<Counts>(
    `select count(*) filter (where l.here and s.there and ${textOf('l')} = ${textOf('s')})::int as same,
            count(*) filter (where l.here and s.there and ${textOf('l')} <> ${textOf('s')})::int as different,
            count(*) filter (where s.there is null)::int as only_in_store,
            count(*) filter (where l.here is null)::int as only_in_archive
       from (select *, true as here from public.${name} where ${tenantColumn(name)} = $1) l
       full join (select *, true as there from ${schema}.${name}) s on ${pairs}`,
    [tenant],
  );
}
