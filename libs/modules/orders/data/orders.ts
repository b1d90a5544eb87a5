import { Decimal, Money, priceText } from '#kernel';
import type { ResponseOf } from '#contracts/operation';
import type { getOrder } from '#contracts/orders/operations';
import { type JsonRow, type Row, type Sql, sql, type TenantTransaction } from '#platform/database';
import type { OrderStatus } from '../domain/order.js';
import { errors } from '../errors.js';

export type OrderRow = Row<
  'orders',
  | 'id'
  | 'number'
  | 'customer_id'
  | 'site_id'
  | 'quote_id'
  | 'seller_id'
  | 'currency'
  | 'total_minor'
  | 'version'
  | 'created_at',
  { status: OrderStatus }
>;

export type OrderLineRow = JsonRow<
  'order_lines',
  | 'position'
  | 'product_id'
  | 'code'
  | 'name'
  | 'unit'
  | 'quantity'
  | 'base_quantity'
  | 'unit_price'
  | 'discount_percent'
  | 'total_minor'
  | 'reserved'
  | 'delivered'
>;

export type OrderWithLines = OrderRow & { lines: OrderLineRow[] };

/** Lines come as one JSON column: figures as text, so that none passes through a float. */
export const orderById = (id: string): Sql<OrderWithLines> => sql`
  select o.id, o.number, o.status, o.customer_id, o.site_id, o.quote_id, o.seller_id, o.currency, o.total_minor, o.version, o.created_at,
         (select json_agg(json_build_object(
                   'position', l.position, 'product_id', l.product_id, 'code', l.code, 'name', l.name, 'unit', l.unit,
                   'quantity', l.quantity::text, 'base_quantity', l.base_quantity::text, 'unit_price', l.unit_price::text,
                   'discount_percent', l.discount_percent::text, 'total_minor', l.total_minor::text,
                   'reserved', l.reserved::text, 'delivered', l.delivered::text) order by l.position)
            from order_lines l where l.tenant_id = o.tenant_id and l.order_id = o.id) as lines
    from orders o
   where o.tenant_id = app.current_tenant() and o.id = ${id}`;

export const orderPage = (
  status: string | undefined,
  customerId: string | undefined,
  beforeId: string,
  limit: number,
): Sql<OrderRow> => sql`
  select id, number, status, customer_id, site_id, quote_id, seller_id, currency, total_minor, version, created_at
    from orders
   where tenant_id = app.current_tenant() and id < ${beforeId}
     and (${status ?? null}::text is null or status = ${status ?? null})
     and (${customerId ?? null}::uuid is null or customer_id = ${customerId ?? null}::uuid)
   order by id desc limit ${limit + 1}`;

/** Locks the order, so that two callers decide one after the other. Throws `order_not_found`. */
export async function lockOrder(
  tx: TenantTransaction,
  id: string,
  expectedVersion: number | undefined,
): Promise<OrderWithLines> {
  const [locked, [order]] = await tx.batch([
    sql`select version from orders where tenant_id = ${tx.tenant} and id = ${id} for update`,
    orderById(id),
  ]);
  if (!order || locked.length === 0) throw errors.order_not_found();
  if (expectedVersion !== undefined && expectedVersion !== order.version) throw errors.version_conflict();
  return order;
}

export async function saveStatus(tx: TenantTransaction, order: OrderRow, to: OrderStatus): Promise<void> {
  await tx.execute(sql`
    update orders set status = ${to}, version = version + 1, changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${order.id}`);
}

export function orderSummary(row: OrderRow) {
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    customer_id: row.customer_id,
    site_id: row.site_id,
    quote_id: row.quote_id,
    seller_id: row.seller_id,
    currency: row.currency,
    total: new Money(row.total_minor, row.currency).toText(),
    created_at: row.created_at.toISOString(),
  };
}

export function orderView(row: OrderWithLines): ResponseOf<typeof getOrder> {
  return { ...orderSummary(row), lines: row.lines.map((line) => lineView(line, row.currency)) };
}

export function lineView(line: OrderLineRow, currency: string) {
  return {
    position: line.position,
    product_id: line.product_id,
    code: line.code,
    name: line.name,
    unit: line.unit,
    quantity: Decimal.parse(line.quantity).toText(),
    base_quantity: Decimal.parse(line.base_quantity).toText(),
    unit_price: priceText(Decimal.parse(line.unit_price), currency),
    discount_percent: Decimal.parse(line.discount_percent).toText(),
    total: new Money(BigInt(line.total_minor), currency).toText(),
    reserved: Decimal.parse(line.reserved).toText(),
    delivered: Decimal.parse(line.delivered).toText(),
  };
}
