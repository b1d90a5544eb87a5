/** The engine's facts, written set by set. Rows come sorted by key and are locked in that order. */
import { type Sql, sql } from '#platform/database';

export interface ProductPatch {
  tenant: string;
  product: string;
  code: string | null;
  name: string | null;
  category: string | null;
  price: string | null;
  currency: string | null;
  available: string | null;
  facts_at: string;
}

export interface CustomerPatch {
  tenant: string;
  customer: string;
  name: string | null;
  orders: number;
  total_minor: bigint;
  currency: string | null;
  first_sold_at: string | null;
  last_sold_at: string | null;
  facts_at: string;
}

export interface QuotePatch {
  tenant: string;
  quote: string;
  number: string;
  customer: string;
  seller: string;
  state: string;
  total_minor: bigint;
  currency: string;
  valid_until: string | null;
  facts_at: string;
}

export interface BasketDay {
  tenant: string;
  day: string;
  baskets: number;
}

export interface ItemDay extends BasketDay {
  product: string;
  value_minor: bigint;
}

export interface PairDay extends BasketDay {
  product: string;
  partner: string;
}

/** A missing member keeps what is there; a description brings its category even when that is none. */
export const mergeProducts = (patches: readonly ProductPatch[]): Sql => sql`
  insert into sales_engine_products as p (tenant_id, product_id, code, name, category, price, currency, available, facts_at)
  select * from unnest(
    ${patches.map((p) => p.tenant)}::uuid[], ${patches.map((p) => p.product)}::uuid[], ${patches.map((p) => p.code)}::text[],
    ${patches.map((p) => p.name)}::text[], ${patches.map((p) => p.category)}::text[], ${patches.map((p) => p.price)}::numeric[],
    ${patches.map((p) => p.currency)}::text[], ${patches.map((p) => p.available)}::numeric[],
    ${patches.map((p) => p.facts_at)}::timestamptz[])
  on conflict (tenant_id, product_id) do update
     set code = coalesce(excluded.code, p.code),
         name = coalesce(excluded.name, p.name),
         category = case when excluded.code is null then p.category else excluded.category end,
         price = coalesce(excluded.price, p.price),
         currency = coalesce(excluded.currency, p.currency),
         available = coalesce(excluded.available, p.available),
         facts_at = greatest(p.facts_at, excluded.facts_at),
         is_stale = true`;

export const mergeCustomers = (patches: readonly CustomerPatch[]): Sql => sql`
  insert into sales_engine_customers as c (tenant_id, customer_id, name, orders, total_minor, currency, first_sold_at, last_sold_at, facts_at)
  select * from unnest(
    ${patches.map((p) => p.tenant)}::uuid[], ${patches.map((p) => p.customer)}::uuid[], ${patches.map((p) => p.name)}::text[],
    ${patches.map((p) => p.orders)}::int[], ${patches.map((p) => p.total_minor)}::bigint[], ${patches.map((p) => p.currency)}::text[],
    ${patches.map((p) => p.first_sold_at)}::timestamptz[], ${patches.map((p) => p.last_sold_at)}::timestamptz[],
    ${patches.map((p) => p.facts_at)}::timestamptz[])
  on conflict (tenant_id, customer_id) do update
     set name = coalesce(excluded.name, c.name),
         orders = c.orders + excluded.orders,
         total_minor = c.total_minor + excluded.total_minor,
         currency = coalesce(excluded.currency, c.currency),
         first_sold_at = least(c.first_sold_at, excluded.first_sold_at),
         last_sold_at = greatest(c.last_sold_at, excluded.last_sold_at),
         facts_at = greatest(c.facts_at, excluded.facts_at),
         is_stale = true`;

export const mergeQuotes = (patches: readonly QuotePatch[]): Sql => sql`
  insert into sales_engine_quotes as q (tenant_id, quote_id, number, customer_id, seller_id, state, total_minor, currency, valid_until, facts_at)
  select * from unnest(
    ${patches.map((p) => p.tenant)}::uuid[], ${patches.map((p) => p.quote)}::uuid[], ${patches.map((p) => p.number)}::text[],
    ${patches.map((p) => p.customer)}::uuid[], ${patches.map((p) => p.seller)}::text[], ${patches.map((p) => p.state)}::text[],
    ${patches.map((p) => p.total_minor)}::bigint[], ${patches.map((p) => p.currency)}::text[],
    ${patches.map((p) => p.valid_until)}::timestamptz[], ${patches.map((p) => p.facts_at)}::timestamptz[])
  on conflict (tenant_id, quote_id) do update
     set number = excluded.number, customer_id = excluded.customer_id, seller_id = excluded.seller_id, state = excluded.state,
         total_minor = excluded.total_minor, currency = excluded.currency,
         valid_until = coalesce(excluded.valid_until, q.valid_until),
         facts_at = greatest(q.facts_at, excluded.facts_at),
         is_stale = true`;

export const addBaskets = (days: readonly BasketDay[]): Sql => sql`
  insert into sales_engine_baskets as b (tenant_id, day, baskets)
  select * from unnest(${days.map((d) => d.tenant)}::uuid[], ${days.map((d) => d.day)}::date[], ${days.map((d) => d.baskets)}::int[])
  on conflict (tenant_id, day) do update set baskets = b.baskets + excluded.baskets`;

export const addItems = (items: readonly ItemDay[]): Sql => sql`
  insert into sales_engine_items as i (tenant_id, product_id, day, baskets, value_minor)
  select * from unnest(
    ${items.map((i) => i.tenant)}::uuid[], ${items.map((i) => i.product)}::uuid[], ${items.map((i) => i.day)}::date[],
    ${items.map((i) => i.baskets)}::int[], ${items.map((i) => i.value_minor)}::bigint[])
  on conflict (tenant_id, product_id, day) do update
     set baskets = i.baskets + excluded.baskets, value_minor = i.value_minor + excluded.value_minor`;

export const addPairs = (pairs: readonly PairDay[]): Sql => sql`
  insert into sales_engine_pairs as p (tenant_id, product_id, partner_id, day, baskets)
  select * from unnest(
    ${pairs.map((p) => p.tenant)}::uuid[], ${pairs.map((p) => p.product)}::uuid[], ${pairs.map((p) => p.partner)}::uuid[],
    ${pairs.map((p) => p.day)}::date[], ${pairs.map((p) => p.baskets)}::int[])
  on conflict (tenant_id, product_id, partner_id, day) do update set baskets = p.baskets + excluded.baskets`;
