/**
 * Deletes the rows that are older than their table keeps them, of all tenants. A room declares in its migration how long a
 * table keeps its rows (`call app.keep_rows(…)`). Row security is made from the same declaration: the role that deletes
 * neither sees nor deletes a younger row.
 */
import { composedSql, type Queryable, type Sql, sql } from '#platform/database';

/** Rows per statement: few enough not to delay a request that waits for the same rows. */
const PORTION = 5_000;

interface Rule {
  /** Names that PostgreSQL has quoted where they need it. */
  readonly table: string;
  readonly moment: string;
  readonly key: string;
  readonly kept_for: string;
}

/** Deletes in portions, each in its own transaction. Returns the number of deleted rows by table, without the zeros. */
export async function deleteExpiredRows(database: Queryable): Promise<Record<string, number>> {
  const deleted: Record<string, number> = {};
  for (const rule of await readRules(database)) {
    const statement = deletePortion(rule);
    for (let count = PORTION; count === PORTION;) {
      count = await database.execute(statement);
      if (count > 0) deleted[rule.table] = (deleted[rule.table] ?? 0) + count;
    }
  }
  return deleted;
}

function readRules(database: Queryable): Promise<Rule[]> {
  return database.query(sql<Rule>`
    select r.table_name::text as table, quote_ident(r.counts_from) as moment, r.kept_for::text as kept_for,
           (select string_agg(quote_ident(a.attname), ', ' order by place)
              from pg_index i, unnest(i.indkey) with ordinality as p(number, place)
              join pg_attribute a on a.attnum = p.number
             where i.indrelid = r.table_name and i.indisprimary and a.attrelid = r.table_name) as key
      from app.retention_rules r
     order by 1`);
}

function deletePortion({ table, moment, key, kept_for: keptFor }: Rule): Sql {
  return composedSql(
    `delete from ${table}
      where (${key}) in (
        select ${key} from ${table} where ${moment} < now() - $1::interval order by ${moment} limit ${PORTION})`,
    [keptFor],
  );
}
