/** An order comes into being: numbered, its goods held as far as there are any, and announced. */
import { orderCreated } from '#contracts/orders/events';
import { newId } from '#kernel';
import { type DocumentLine, totalOf } from '#modules/documents';
import { reserve } from '#modules/entitlements';
import { holdStock } from '#modules/stock';
import type { TenantTransaction } from '#platform/database';
import { nextNumber } from '#platform/numbering';
import { emit } from '#platform/outbox';
import { insertOrder, type OrderWithLines } from '../data/orders.js';
import { eventData } from '../view.js';

const SERIES = 'PED';

export interface OrderDraft {
  customerId: string;
  siteId: string | null;
  quoteId: string | null;
  currency: string;
  lines: readonly DocumentLine[];
}

export type PlacedOrder = OrderWithLines;

export async function placeOrder(tx: TenantTransaction, draft: OrderDraft): Promise<PlacedOrder> {
  const id = newId();
  await reserve(tx, 'orders');
  const number = await nextNumber(tx, SERIES);
  const held = await holdStock(
    tx,
    id,
    draft.lines.map((line) => ({ productId: line.productId, quantity: line.baseQuantity })),
  );
  const placed = await insertOrder(tx, {
    ...draft,
    id,
    number,
    totalMinor: totalOf(draft.lines, draft.currency).minor,
    lines: draft.lines.map((line, index) => ({ ...line, reserved: held[index]!.toText() })),
  });
  emit(tx, orderCreated, placed, eventData(placed));
  return placed;
}
