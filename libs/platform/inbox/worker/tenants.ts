import { type Queryable, type Row, sql } from '#platform/database';

/** Tenants of which a consumer has received events. The recursive query costs one index probe per tenant, not per event. */
export async function tenantsOf(database: Queryable, engine: string): Promise<string[]> {
  const rows = await database.query<Row<'engine_versions', 'tenant_id'>>(sql`
    with recursive hop as (
      (select tenant_id from engine_versions order by tenant_id limit 1)
      union all
      select (select v.tenant_id from engine_versions v where v.tenant_id > hop.tenant_id order by v.tenant_id limit 1)
        from hop where hop.tenant_id is not null
    )
    select tenant_id from hop
     where tenant_id is not null
       and exists (select from engine_versions v where v.tenant_id = hop.tenant_id and v.engine = ${engine})`);
  return rows.map((row) => row.tenant_id);
}
