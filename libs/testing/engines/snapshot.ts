/** The rows that an engine keeps about a tenant, as one text: two snapshots are equal when the rows are equal, byte for byte. */
import { composedSql, type Queryable, sql } from '#platform/database';

/**
 * Rows of the tables, then the insights as far as they are a function of facts, day and answers: without `resolved`
 * rows and the moments at which something was seen, because these record what the store saw. The tenant's id is left
 * out, so that snapshots of two tenants with the same story can be compared.
 */
export async function snapshotOf(
  database: Queryable,
  engine: string,
  tables: readonly string[],
  tenant: string,
): Promise<string> {
  const lines: string[] = [];
  for (const table of [...tables].sort()) {
    const rows = await database.query<{ row: string }>(
      composedSql(`select row_to_json(t)::text as row from ${table} t where tenant_id = $1 order by 1`, [tenant]),
    );
    lines.push(table, ...rows.map(({ row }) => row.replaceAll(tenant, 'TENANT')));
  }
  const insights = await database.query(sql<{ row: string }>`
    select json_build_array(subject, kind, episode, state, priority, figures, worth_minor, worth_currency, action, basis, measure,
                            changed_at, answered_by, comment, version)::text as row
      from insights where tenant_id = ${tenant} and engine = ${engine} and state <> 'resolved' order by 1`);
  return [...lines, 'insights', ...insights.map(({ row }) => row)].join('\n');
}

/** The state in which a rebuild begins. */
export async function forgetTables(database: Queryable, tables: readonly string[], tenant: string): Promise<void> {
  for (const table of tables)
    await database.execute(composedSql(`delete from ${table} where tenant_id = $1`, [tenant]));
}
