/** The engine's facts, written set by set. Rows come sorted by key and are locked in that order. */
import { type Sql, sql } from '#platform/database';
import type { Decimal } from '#kernel';

export interface TenantZone {
  tenant: string;
  time_zone: string;
}

export interface ProductPatch {
  tenant: string;
  product: string;
  code: string | null;
  name: string | null;
  unit: string | null;
  category: string | null;
  price: string | null;
  currency: string | null;
  on_hand: string | null;
  reserved: string | null;
  receipts: number;
  first_moved_at: string | null;
  last_sold_at: string | null;
  news_from: string | null;
  facts_at: string;
}

export interface Receipt {
  tenant: string;
  product: string;
  movement: string;
  received_at: string;
  quantity: string;
  unit_cost: string | null;
}

export interface SaleSlot {
  tenant: string;
  product: string;
  slot: string;
  quantity: Decimal;
  value_minor: bigint;
}

/** One tenant's plans and insights are computed by one transaction at a time; a transaction that changes its zone takes the same lock. */
export const lockTenants = (tenants: readonly TenantZone[]): Sql => sql`
  select pg_advisory_xact_lock(hashtextextended('stock engine ' || t.id, 0))
    from unnest(${tenants.map((t) => t.tenant)}::text[]) as t(id)`;

export const saveTenants = (tenants: readonly TenantZone[]): Sql => sql`
  insert into stock_engine_tenants (tenant_id, time_zone)
  select * from unnest(${tenants.map((t) => t.tenant)}::uuid[], ${tenants.map((t) => t.time_zone)}::text[])
  on conflict (tenant_id) do update set time_zone = excluded.time_zone`;

/** Another zone means other days for everything already sold. */
export const markTenantsStale = (tenants: readonly TenantZone[]): Sql => sql`
  with due as (
    select tenant_id, product_id from stock_engine_products
     where tenant_id = any(${tenants.map((t) => t.tenant)}::uuid[])
     order by tenant_id, product_id for update
  )
  update stock_engine_products p set is_stale = true, news_from = '-infinity' from due
   where p.tenant_id = due.tenant_id and p.product_id = due.product_id`;

/** A missing member keeps what is there; a description brings its category even when that is none. */
export const mergeProducts = (patches: readonly ProductPatch[]): Sql => sql`
  insert into stock_engine_products as p (tenant_id, product_id, code, name, unit, category, price, currency, on_hand, reserved,
                                          receipts, first_moved_at, last_sold_at, news_from, facts_at)
  select * from unnest(
    ${patches.map((p) => p.tenant)}::uuid[], ${patches.map((p) => p.product)}::uuid[], ${patches.map((p) => p.code)}::text[],
    ${patches.map((p) => p.name)}::text[], ${patches.map((p) => p.unit)}::text[], ${patches.map((p) => p.category)}::text[],
    ${patches.map((p) => p.price)}::numeric[], ${patches.map((p) => p.currency)}::text[], ${patches.map((p) => p.on_hand)}::numeric[],
    ${patches.map((p) => p.reserved)}::numeric[], ${patches.map((p) => p.receipts)}::int[],
    ${patches.map((p) => p.first_moved_at)}::timestamptz[], ${patches.map((p) => p.last_sold_at)}::timestamptz[],
    ${patches.map((p) => p.news_from)}::timestamptz[],
    ${patches.map((p) => p.facts_at)}::timestamptz[])
  on conflict (tenant_id, product_id) do update
     set code = coalesce(excluded.code, p.code),
         name = coalesce(excluded.name, p.name),
         unit = coalesce(excluded.unit, p.unit),
         category = case when excluded.code is null then p.category else excluded.category end,
         price = coalesce(excluded.price, p.price),
         currency = coalesce(excluded.currency, p.currency),
         on_hand = coalesce(excluded.on_hand, p.on_hand),
         reserved = coalesce(excluded.reserved, p.reserved),
         receipts = p.receipts + excluded.receipts,
         first_moved_at = least(p.first_moved_at, excluded.first_moved_at),
         last_sold_at = greatest(p.last_sold_at, excluded.last_sold_at),
         news_from = least(p.news_from, excluded.news_from),
         facts_at = greatest(p.facts_at, excluded.facts_at),
         is_stale = true`;

export const saveReceipts = (receipts: readonly Receipt[]): Sql => sql`
  insert into stock_engine_receipts (tenant_id, product_id, received_at, movement_id, quantity, unit_cost)
  select * from unnest(
    ${receipts.map((r) => r.tenant)}::uuid[], ${receipts.map((r) => r.product)}::uuid[],
    ${receipts.map((r) => r.received_at)}::timestamptz[], ${receipts.map((r) => r.movement)}::uuid[],
    ${receipts.map((r) => r.quantity)}::numeric[], ${receipts.map((r) => r.unit_cost)}::numeric[])`;

export const addSales = (sales: readonly SaleSlot[]): Sql => sql`
  insert into stock_engine_sales as s (tenant_id, product_id, slot, quantity, value_minor)
  select * from unnest(
    ${sales.map((s) => s.tenant)}::uuid[], ${sales.map((s) => s.product)}::uuid[], ${sales.map((s) => s.slot)}::timestamptz[],
    ${sales.map((s) => s.quantity.toText())}::numeric[], ${sales.map((s) => s.value_minor)}::bigint[])
  on conflict (tenant_id, product_id, slot) do update
     set quantity = s.quantity + excluded.quantity, value_minor = s.value_minor + excluded.value_minor`;
