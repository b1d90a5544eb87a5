/** The order's tables, read and written. Lines come as one JSON column with figures as text, so none passes a float. */
import { type DocumentLine, type LineColumn, lineRows } from '#modules/documents';
import { json, type JsonRow, type Row, type Sql, sql, type TenantTransaction } from '#platform/database';
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

export type OrderLineRow = JsonRow<'order_lines', LineColumn | 'reserved' | 'delivered'>;

export type OrderWithLines = OrderRow & { lines: OrderLineRow[] };

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

export interface OrderRef {
  readonly orderId: string;
  /** From `If-Match`. */
  readonly expectedVersion: number | undefined;
}

/**
 * Reads the order and locks it until the transaction ends, so that callers decide one after the other. Throws
 * `order_not_found` or `version_conflict`.
 */
export async function lockOrder(tx: TenantTransaction, ref: OrderRef): Promise<OrderWithLines> {
  const [locked, [order]] = await tx.batch([
    sql`select version from orders where tenant_id = ${tx.tenant} and id = ${ref.orderId} for update`,
    orderById(ref.orderId),
  ]);
  if (!order || locked.length === 0) throw errors.order_not_found();
  if (ref.expectedVersion !== undefined && ref.expectedVersion !== order.version) throw errors.version_conflict();
  return order;
}

export interface NewOrder {
  readonly id: string;
  readonly number: string;
  readonly customerId: string;
  readonly siteId: string | null;
  readonly quoteId: string | null;
  readonly currency: string;
  readonly totalMinor: bigint;
  /** `reserved` in base units: how much of the line's goods the order holds. */
  readonly lines: readonly (DocumentLine & { readonly reserved: string })[];
}

export async function insertOrder(tx: TenantTransaction, order: NewOrder): Promise<OrderWithLines> {
  const lines = lineRows(order.lines).map((row, index) => ({ ...row, reserved: order.lines[index]!.reserved }));
  const [, , [placed]] = await tx.batch([
    sql`
      insert into orders (tenant_id, id, number, status, customer_id, site_id, quote_id, seller_id, currency, total_minor,
                          created_at, changed_at)
      values (${tx.tenant}, ${order.id}, ${order.number}, 'pending', ${order.customerId}, ${order.siteId}, ${order.quoteId},
              ${tx.actor.id}, ${order.currency}, ${order.totalMinor}, app.now(), app.now())`,
    sql`
      insert into order_lines (tenant_id, order_id, position, product_id, code, name, unit, quantity, base_quantity, unit_price,
                               discount_percent, total_minor, reserved)
      select ${tx.tenant}, ${order.id}, l.position, l.product_id, l.code, l.name, l.unit, l.quantity, l.base_quantity, l.unit_price,
             l.discount_percent, l.total_minor, l.reserved
        from jsonb_populate_recordset(null::order_lines, ${json(lines)}) as l`,
    orderById(order.id),
  ]);
  return placed!;
}

/** Raises the version. Returns the order as it is now; the event and the answer are made of it. */
export async function saveStatus(
  tx: TenantTransaction,
  order: OrderWithLines,
  to: OrderStatus,
): Promise<OrderWithLines> {
  const row = await tx.first(sql<OrderRow>`
    update orders set status = ${to}, version = version + 1, changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${order.id}
    returning id, number, status, customer_id, site_id, quote_id, seller_id, currency, total_minor, version, created_at`);
  return { ...row!, lines: order.lines };
}

/** The order holds no goods any more. */
export async function clearReserved(tx: TenantTransaction, id: string): Promise<OrderWithLines> {
  const [, [order]] = await tx.batch([
    sql`update order_lines set reserved = 0 where tenant_id = ${tx.tenant} and order_id = ${id}`,
    orderById(id),
  ]);
  return order!;
}

/**
 * All goods of the order are delivered, and the sale takes a version of its own. `soldAt` is null when the sale was recorded
 * before: a sale is recorded once.
 */
export async function saveSale(
  tx: TenantTransaction,
  id: string,
): Promise<{ order: OrderWithLines; soldAt: Date | null }> {
  const [, [sale], [order]] = await tx.batch([
    sql`
      update order_lines set delivered = base_quantity, reserved = 0 where tenant_id = ${tx.tenant} and order_id = ${id}`,
    sql<{ sold_at: Date }>`
      update orders set version = version + 1, sold_at = app.now()
       where tenant_id = ${tx.tenant} and id = ${id} and sold_at is null
      returning sold_at`,
    orderById(id),
  ]);
  return { order: order!, soldAt: sale?.sold_at ?? null };
}
