/** An order moves along its states; delivering takes the goods from stock and records the sale, cancelling frees them. */
import { orderStatusChanged, saleRecorded } from '#contracts/orders/events';
import { Decimal } from '#kernel';
import { releaseStock, sellStock } from '#modules/stock';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { clearReserved, lockOrder, type OrderRef, type OrderWithLines, saveSale, saveStatus } from '../data/orders.js';
import { type OrderStatus, orderStates } from '../domain/order.js';
import { errors } from '../errors.js';
import { eventData } from '../view.js';

export interface ChangeOrderStatus extends OrderRef {
  to: OrderStatus;
  reason: string | null;
  mayCancel: boolean;
}

/** Throws `invalid_transition`, `forbidden` or `insufficient_stock`. */
export async function changeOrderStatus(tx: TenantTransaction, input: ChangeOrderStatus): Promise<OrderWithLines> {
  const order = await lockOrder(tx, input);
  orderStates.assert(order.status, input.to);
  if (input.to === 'cancelled' && !input.mayCancel) throw errors.forbidden();

  const changed = await saveStatus(tx, order, input.to);
  emit(tx, orderStatusChanged, changed, {
    order_id: changed.id,
    number: changed.number,
    from: order.status,
    to: changed.status,
    reason: input.reason,
  });
  if (input.to === 'cancelled') return releaseGoods(tx, changed);
  if (input.to === 'delivered') return recordSale(tx, changed);
  return changed;
}

async function releaseGoods(tx: TenantTransaction, order: OrderWithLines): Promise<OrderWithLines> {
  await releaseStock(tx, order.id);
  return clearReserved(tx, order.id);
}

async function recordSale(tx: TenantTransaction, order: OrderWithLines): Promise<OrderWithLines> {
  await sellStock(
    tx,
    order.id,
    order.lines.map((line) => ({ productId: line.product_id, quantity: Decimal.parse(line.base_quantity) })),
  );
  const { order: sold, soldAt } = await saveSale(tx, order.id);
  if (soldAt) emit(tx, saleRecorded, sold, { ...eventData(sold), sold_at: soldAt.toISOString() });
  return sold;
}
