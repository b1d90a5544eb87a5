/** Who reviews which products: one transaction at a time per tenant. */
import { type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';

export type Key = Readonly<Row<'stock_engine_products', 'tenant_id' | 'product_id'>>;

/** A product to review, with the earliest sale heard of since the last time; null when there was none. */
export type Claim = Key & { readonly news_from: string | null };

const TENANTS_AT_ONCE = 64;

/**
 * Takes stale products of tenants that no other transaction is reviewing. Skipping a busy tenant loses nothing: the
 * transaction that holds it claims again after its commit and finds the products marked before then. The partial index leads
 * from tenant to tenant, so finding a few among thousands reads a page per tenant.
 */
export function claimStale(tx: CrossTenantTransaction, limit: number): Promise<Claim[]> {
  return tx.query(sql<Claim>`
    with recursive waiting as (
      (select tenant_id from stock_engine_products where is_stale order by tenant_id limit 1)
      union all
      select (select p.tenant_id from stock_engine_products p where p.is_stale and p.tenant_id > w.tenant_id order by p.tenant_id limit 1)
        from waiting w where w.tenant_id is not null
    ), candidates as materialized (
      select tenant_id from waiting where tenant_id is not null limit ${TENANTS_AT_ONCE}
    ), mine as materialized (
      select tenant_id from candidates where pg_try_advisory_xact_lock(hashtextextended('stock engine ' || tenant_id, 0))
    ), due as (
      select p.tenant_id, p.product_id, p.news_from from stock_engine_products p join mine using (tenant_id)
       where p.is_stale order by p.tenant_id, p.product_id limit ${limit} for update of p skip locked
    )
    update stock_engine_products p set is_stale = false, news_from = null from due
     where p.tenant_id = due.tenant_id and p.product_id = due.product_id
    returning p.tenant_id, p.product_id, due.news_from::text as news_from`);
}

/** All products of one tenant, for a pass, which takes no earlier result for granted. Waits for a refresh in progress. */
export async function claimTenant(tx: CrossTenantTransaction, tenant: string): Promise<Claim[]> {
  await tx.query(sql`select pg_advisory_xact_lock(hashtextextended('stock engine ' || ${tenant}::text, 0))`);
  const [, rows] = await tx.batch([
    sql`
      with due as (
        select tenant_id, product_id from stock_engine_products where tenant_id = ${tenant} and is_stale order by product_id for update
      )
      update stock_engine_products p set is_stale = false, news_from = null from due where p.tenant_id = due.tenant_id and p.product_id = due.product_id`,
    sql<Claim>`select tenant_id, product_id, '-infinity' as news_from from stock_engine_products where tenant_id = ${tenant} order by product_id`,
  ]);
  return rows;
}
