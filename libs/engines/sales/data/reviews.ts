/** The rows that a review reads. The window consists of UTC days; the day of a basket matters only at the edges of the window. */
import { type Column, composedSql, type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { CustomerFacts, PartnerFacts, ProductFacts, QuoteFacts } from '../domain/advice.js';
import { LEAST_TOGETHER, WINDOW_DAYS } from '../domain/associations.js';

export interface Key {
  readonly tenant_id: string;
  readonly id: string;
}

export const SUBJECTS = ['product', 'customer', 'quote'] as const;
export type SubjectKind = (typeof SUBJECTS)[number];

export type Claimed = Record<SubjectKind, Key[]>;

const KEPT_DAYS = 400;
const TENANTS_AT_ONCE = 64;

const nothing = (): Claimed => ({ product: [], customer: [], quote: [] });

/**
 * Takes stale rows of tenants that no other transaction is reviewing. Skipping a busy tenant loses nothing: the transaction
 * that holds it claims again after its commit and finds the rows marked before then.
 */
export async function claimStale(tx: CrossTenantTransaction, limit: number): Promise<Claimed> {
  const claimed = nothing();
  const lists = await tx.batch(SUBJECTS.map((kind) => claimStatement(kind, limit)));
  SUBJECTS.forEach((kind, index) => (claimed[kind] = lists[index]!));
  return claimed;
}

function claimStatement(kind: SubjectKind, limit: number): Sql<Key> {
  const [table, id] = [`sales_engine_${kind}s`, `${kind}_id`];
  return composedSql<Key>(
    `with recursive waiting as (
       (select tenant_id from ${table} where is_stale order by tenant_id limit 1)
       union all
       select (select p.tenant_id from ${table} p where p.is_stale and p.tenant_id > w.tenant_id order by p.tenant_id limit 1)
         from waiting w where w.tenant_id is not null
     ), candidates as materialized (
       select tenant_id from waiting where tenant_id is not null limit ${TENANTS_AT_ONCE}
     ), mine as materialized (
       select tenant_id from candidates where pg_try_advisory_xact_lock(hashtextextended('sales engine ' || tenant_id, 0))
     ), due as (
       select p.tenant_id, p.${id} from ${table} p join mine using (tenant_id)
        where p.is_stale order by p.tenant_id, p.${id} limit $1 for update of p skip locked
     )
     update ${table} p set is_stale = false from due where p.tenant_id = due.tenant_id and p.${id} = due.${id}
     returning p.tenant_id, p.${id} as id`,
    [limit],
  );
}

/** Everything of one tenant, for a pass; waits for a refresh in progress. */
export async function claimTenant(tx: CrossTenantTransaction, tenant: string): Promise<Claimed> {
  await tx.query(sql`select pg_advisory_xact_lock(hashtextextended('sales engine ' || ${tenant}::text, 0))`);
  const claimed = nothing();
  for (const kind of SUBJECTS) {
    const [table, id] = [`sales_engine_${kind}s`, `${kind}_id`];
    const [, rows] = await tx.batch([
      composedSql(
        `with due as (select tenant_id, ${id} from ${table} where tenant_id = $1 and is_stale order by ${id} for update)
         update ${table} p set is_stale = false from due where p.tenant_id = due.tenant_id and p.${id} = due.${id}`,
        [tenant],
      ),
      composedSql<Key>(`select tenant_id, ${id} as id from ${table} where tenant_id = $1 order by ${id}`, [tenant]),
    ]);
    claimed[kind] = rows;
  }
  return claimed;
}

type PairRow = Row<
  'sales_engine_products',
  'tenant_id' | 'product_id' | 'facts_at',
  { code: string; name: string; currency: string }
> & {
  baskets: number;
  all_baskets: number;
  partner_id: Column<'sales_engine_products', 'product_id'> | null;
  partner_code: Column<'sales_engine_products', 'code'>;
  partner_name: Column<'sales_engine_products', 'name'>;
  together: number | null;
  partner_baskets: number | null;
  partner_value: bigint | null;
  is_in_stock: boolean | null;
};

/** Described products with their partners of the window; partners seen together too rarely stay in the database. */
export async function loadProducts(
  tx: CrossTenantTransaction,
  keys: readonly Key[],
  today: string,
): Promise<ProductFacts[]> {
  if (keys.length === 0) return [];
  const rows = await tx.query(sql<PairRow>`
    with asked as (
      select * from unnest(${keys.map((key) => key.tenant_id)}::uuid[], ${keys.map((key) => key.id)}::uuid[]) as k(tenant_id, product_id)
    ), span as (
      select ${today}::date - ${WINDOW_DAYS}::int + 1 as first, ${today}::date as last
    ), totals as (
      select b.tenant_id, sum(b.baskets)::int as baskets from sales_engine_baskets b, span
       where b.tenant_id in (select tenant_id from asked) and b.day between span.first and span.last group by 1
    )
    select p.tenant_id, p.product_id, p.code, p.name, p.currency, p.facts_at, coalesce(own.baskets, 0) as baskets,
           coalesce(t.baskets, 0) as all_baskets, other.product_id as partner_id, other.code as partner_code, other.name as partner_name,
           pair.together, alone.baskets as partner_baskets, alone.value as partner_value, coalesce(other.available, 0) > 0 as is_in_stock
      from asked k
      join sales_engine_products p on p.tenant_id = k.tenant_id and p.product_id = k.product_id
      cross join span
      left join totals t on t.tenant_id = k.tenant_id
      left join lateral (
        select sum(i.baskets)::int as baskets from sales_engine_items i
         where i.tenant_id = k.tenant_id and i.product_id = k.product_id and i.day between span.first and span.last) own on true
      left join lateral (
        select r.partner_id, sum(r.baskets)::int as together from sales_engine_pairs r
         where r.tenant_id = k.tenant_id and r.product_id = k.product_id and r.day between span.first and span.last
         group by r.partner_id having sum(r.baskets) >= ${LEAST_TOGETHER}) pair on true
      left join sales_engine_products other on other.tenant_id = k.tenant_id and other.product_id = pair.partner_id and other.code is not null
      left join lateral (
        select sum(i.baskets)::int as baskets, sum(i.value_minor)::bigint as value from sales_engine_items i
         where i.tenant_id = k.tenant_id and i.product_id = other.product_id and i.day between span.first and span.last) alone on true
     where p.code is not null
     order by p.tenant_id, p.product_id, other.product_id`);
  const products = new Map<string, ProductFacts & { partners: PartnerFacts[] }>();
  for (const row of rows) {
    const key = `${row.tenant_id} ${row.product_id}`;
    let product = products.get(key);
    if (!product) products.set(key, (product = productOf(row)));
    if (row.partner_id !== null) product.partners.push(partnerOf(row));
  }
  return [...products.values()];
}

function productOf(row: PairRow): ProductFacts & { partners: PartnerFacts[] } {
  return {
    tenant: row.tenant_id,
    id: row.product_id,
    code: row.code,
    name: row.name,
    currency: row.currency,
    baskets: row.baskets,
    allBaskets: row.all_baskets,
    partners: [],
    factsAt: row.facts_at,
  };
}

function partnerOf(row: PairRow): PartnerFacts {
  return {
    id: row.partner_id!,
    code: row.partner_code!,
    name: row.partner_name!,
    together: row.together!,
    baskets: row.partner_baskets!,
    valueMinor: row.partner_value!,
    isInStock: row.is_in_stock!,
  };
}

type CustomerRow = Row<'sales_engine_customers', 'orders', { name: string; currency: string }> & {
  tenant: Column<'sales_engine_customers', 'tenant_id'>;
  id: Column<'sales_engine_customers', 'customer_id'>;
  totalMinor: Column<'sales_engine_customers', 'total_minor'>;
  firstSoldAt: NonNullable<Column<'sales_engine_customers', 'first_sold_at'>>;
  lastSoldAt: NonNullable<Column<'sales_engine_customers', 'last_sold_at'>>;
  factsAt: Column<'sales_engine_customers', 'facts_at'>;
};

/** Customers who have bought; the others have no rhythm. */
export async function loadCustomers(tx: CrossTenantTransaction, keys: readonly Key[]): Promise<CustomerFacts[]> {
  if (keys.length === 0) return [];
  return tx.query(sql<CustomerRow>`
    select c.tenant_id as tenant, c.customer_id as id, c.name, c.orders, c.total_minor as "totalMinor", c.currency,
           c.first_sold_at as "firstSoldAt", c.last_sold_at as "lastSoldAt", c.facts_at as "factsAt"
      from unnest(${keys.map((key) => key.tenant_id)}::uuid[], ${keys.map((key) => key.id)}::uuid[]) as k(tenant_id, customer_id)
      join sales_engine_customers c using (tenant_id, customer_id)
     where c.orders > 0 and c.name is not null`);
}

type QuoteRow = Row<'sales_engine_quotes', 'number' | 'state' | 'currency'> & {
  tenant: Column<'sales_engine_quotes', 'tenant_id'>;
  id: Column<'sales_engine_quotes', 'quote_id'>;
  customerId: Column<'sales_engine_quotes', 'customer_id'>;
  customerName: Column<'sales_engine_customers', 'name'>;
  totalMinor: Column<'sales_engine_quotes', 'total_minor'>;
  validUntil: Column<'sales_engine_quotes', 'valid_until'>;
  factsAt: Column<'sales_engine_quotes', 'facts_at'>;
};

export async function loadQuotes(tx: CrossTenantTransaction, keys: readonly Key[]): Promise<QuoteFacts[]> {
  if (keys.length === 0) return [];
  return tx.query(sql<QuoteRow>`
    select q.tenant_id as tenant, q.quote_id as id, q.number, q.customer_id as "customerId", c.name as "customerName", q.state,
           q.total_minor as "totalMinor", q.currency, q.valid_until as "validUntil", q.facts_at as "factsAt"
      from unnest(${keys.map((key) => key.tenant_id)}::uuid[], ${keys.map((key) => key.id)}::uuid[]) as k(tenant_id, quote_id)
      join sales_engine_quotes q using (tenant_id, quote_id)
      left join sales_engine_customers c on c.tenant_id = q.tenant_id and c.customer_id = q.customer_id`);
}

/** Counts that no window reaches any more. */
export async function forgetOldCounts(tx: CrossTenantTransaction, tenant: string, today: string): Promise<void> {
  await tx.batch([
    sql`delete from sales_engine_pairs where tenant_id = ${tenant} and day < ${today}::date - ${KEPT_DAYS}::int`,
    sql`delete from sales_engine_items where tenant_id = ${tenant} and day < ${today}::date - ${KEPT_DAYS}::int`,
    sql`delete from sales_engine_baskets where tenant_id = ${tenant} and day < ${today}::date - ${KEPT_DAYS}::int`,
  ]);
}
