/**
 * Reads and writes of the catalogue's tables. Units are selected as one JSON column, so a product is one row of the
 * result.
 */
import { Decimal, priceText, Ratio } from '#kernel';
import type { ResponseOf } from '#contracts/operation';
import type { getProduct } from '#contracts/catalogue/operations';
import { type Row, type Sql, sql, type TenantTransaction } from '#platform/database';
import type { Product } from '../domain/product.js';

interface UnitRow {
  unit: string;
  numerator: string;
  denominator: string;
  step: string;
  barcode: string | null;
}

export type ProductRow = Row<
  'products',
  'id' | 'code' | 'name' | 'category' | 'unit' | 'price' | 'currency' | 'is_active' | 'version' | 'created_at',
  { units: UnitRow[] }
>;

export const productById = (id: string): Sql<ProductRow> => sql`
  select p.id, p.code, p.name, p.category, p.unit, p.price, p.currency, p.units, p.is_active, p.version, p.created_at
    from products p
   where p.tenant_id = app.current_tenant() and p.id = ${id}`;

export const productPage = (search: string | undefined, beforeId: string, limit: number): Sql<ProductRow> =>
  search === undefined
    ? sql`
        select p.id, p.code, p.name, p.category, p.unit, p.price, p.currency, p.units, p.is_active, p.version, p.created_at
          from products p
         where p.tenant_id = app.current_tenant() and p.id < ${beforeId}
         order by p.id desc
         limit ${limit + 1}`
    : sql`
        select p.id, p.code, p.name, p.category, p.unit, p.price, p.currency, p.units, p.is_active, p.version, p.created_at
          from products p
         where p.tenant_id = app.current_tenant() and p.id < ${beforeId}
           and (p.code ilike ${pattern(search)} or p.name ilike ${pattern(search)})
         order by p.id desc
         limit ${limit + 1}`;

/** The products of these ids, for quoting and selling; a product that is missing or inactive is not in the answer. */
export async function sellableProducts(tx: TenantTransaction, ids: readonly string[]): Promise<Map<string, Product>> {
  const rows = await tx.query(sql<ProductRow>`
    select id, code, name, category, unit, price, currency, units, is_active, version, created_at
      from products
     where tenant_id = ${tx.tenant} and id = any(${ids}::uuid[]) and is_active`);
  return new Map(rows.map((row) => [row.id, domainProduct(row)]));
}

export function domainProduct(row: ProductRow): Product {
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    baseUnit: row.unit,
    price: Decimal.parse(row.price),
    currency: row.currency,
    units: row.units.map((unit) => ({
      unit: unit.unit,
      ratio: Ratio.of(BigInt(unit.numerator), BigInt(unit.denominator)),
      step: Decimal.parse(unit.step),
    })),
  };
}

export function productView(row: ProductRow): ResponseOf<typeof getProduct> {
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    category: row.category,
    unit: row.unit,
    price: priceText(row.price, row.currency),
    currency: row.currency,
    units: row.units,
    is_active: row.is_active,
    created_at: row.created_at.toISOString(),
  };
}

function pattern(search: string): string {
  return `%${search.replace(/[\\%_]/g, '\\$&')}%`;
}
