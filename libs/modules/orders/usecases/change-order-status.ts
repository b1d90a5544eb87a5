/** An order moves along its states; delivering takes the goods from stock and records the sale, cancelling frees them. */
import { orderStatusChanged, saleRecorded } from '#contracts/orders/events';
import { Decimal } from '#kernel';
import { releaseStock, sellStock } from '#modules/stock';
import { type Row, sql, type TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { lockOrder, orderView, type OrderWithLines, saveStatus } from '../data/orders.js';
import { type OrderStatus, orderStates } from '../domain/order.js';
import { errors } from '../errors.js';

export interface ChangeOrderStatus {
  orderId: string;
  to: OrderStatus;
  reason: string | null;
  mayCancel: boolean;
  expectedVersion: number | undefined;
}

export async function changeOrderStatus(tx: TenantTransaction, input: ChangeOrderStatus): Promise<void> {
  const order = await lockOrder(tx, input.orderId, input.expectedVersion);
  orderStates.assert(order.status, input.to);
  if (input.to === 'cancelled' && !input.mayCancel) throw errors.forbidden();

  await saveStatus(tx, order, input.to);
  emit(
    tx,
    orderStatusChanged,
    { id: order.id, version: order.version + 1 },
    {
      order_id: order.id,
      number: order.number,
      from: order.status,
      to: input.to,
      reason: input.reason,
    },
  );
  if (input.to === 'cancelled') await cancelled(tx, order);
  if (input.to === 'delivered') await delivered(tx, order);
}

async function cancelled(tx: TenantTransaction, order: OrderWithLines): Promise<void> {
  await releaseStock(tx, order.id);
  await tx.execute(sql`update order_lines set reserved = 0 where tenant_id = ${tx.tenant} and order_id = ${order.id}`);
}

async function delivered(tx: TenantTransaction, order: OrderWithLines): Promise<void> {
  await sellStock(
    tx,
    order.id,
    order.lines.map((line) => ({ productId: line.product_id, quantity: Decimal.parse(line.base_quantity) })),
  );
  // The sale is the second fact of this change, so it takes the next version. A sale is recorded once: `sold_at` is the key.
  const [row] = await tx.query(sql<Row<'orders', never, { sold_at: Date }>>`
    with settled as (
      update order_lines set delivered = base_quantity, reserved = 0 where tenant_id = ${tx.tenant} and order_id = ${order.id}
    )
    update orders set version = version + 1, sold_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${order.id} and sold_at is null
    returning sold_at`);
  if (!row) return;
  const view = orderView(order);
  emit(
    tx,
    saleRecorded,
    { id: order.id, version: order.version + 2 },
    {
      order_id: order.id,
      number: order.number,
      customer_id: order.customer_id,
      site_id: order.site_id,
      seller_id: order.seller_id,
      quote_id: order.quote_id,
      currency: order.currency,
      total: view.total,
      lines: view.lines.map(({ product_id, quantity, unit, base_quantity, unit_price, discount_percent, total }) => ({
        product_id,
        quantity,
        unit,
        base_quantity,
        unit_price,
        discount_percent,
        total,
      })),
      sold_at: row.sold_at.toISOString(),
    },
  );
}
