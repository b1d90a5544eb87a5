/** An order comes into being: numbered, its goods held as far as there are any, and announced. */
import { orderCreated } from '#contracts/orders/events';
import { Decimal, Money, newId, priceText } from '#kernel';
import { reserve } from '#modules/entitlements';
import { holdStock } from '#modules/stock';
import { sql, type TenantTransaction } from '#platform/database';
import { nextNumber } from '#platform/numbering';
import { emit } from '#platform/outbox';

const SERIES = 'PED';

export interface OrderDraftLine {
  productId: string;
  code: string;
  name: string;
  unit: string;
  quantity: Decimal;
  baseQuantity: Decimal;
  unitPrice: Decimal;
  discountPercent: Decimal;
  total: Money;
}

export interface OrderDraft {
  customerId: string;
  siteId: string | null;
  quoteId: string | null;
  currency: string;
  lines: readonly OrderDraftLine[];
}

export interface PlacedOrder {
  id: string;
  number: string;
}

export async function placeOrder(tx: TenantTransaction, draft: OrderDraft): Promise<PlacedOrder> {
  const id = newId();
  await reserve(tx, 'orders');
  const number = await nextNumber(tx, SERIES);
  const held = await holdStock(
    tx,
    id,
    draft.lines.map((line) => ({ productId: line.productId, quantity: line.baseQuantity })),
  );
  const total = draft.lines.reduce((sum, line) => sum.plus(line.total), Money.zero(draft.currency));
  const { lines } = draft;
  await tx.execute(sql`
    with placed as (
      insert into orders (tenant_id, id, number, status, customer_id, site_id, quote_id, seller_id, currency, total_minor,
                          created_at, changed_at)
      values (${tx.tenant}, ${id}, ${number}, 'pending', ${draft.customerId}, ${draft.siteId}, ${draft.quoteId}, ${tx.actor.id},
              ${draft.currency}, ${total.minor}, app.now(), app.now())
    )
    insert into order_lines (tenant_id, order_id, position, product_id, code, name, unit, quantity, base_quantity, unit_price,
                             discount_percent, total_minor, reserved)
    select ${tx.tenant}, ${id}, l.position, l.product_id, l.code, l.name, l.unit, l.quantity, l.base_quantity, l.unit_price,
           l.discount_percent, l.total_minor, l.reserved
      from unnest(${lines.map((line) => line.productId)}::uuid[], ${lines.map((line) => line.code)}::text[],
                  ${lines.map((line) => line.name)}::text[], ${lines.map((line) => line.unit)}::text[],
                  ${lines.map((line) => line.quantity.toText())}::numeric[], ${lines.map((line) => line.baseQuantity.toText())}::numeric[],
                  ${lines.map((line) => line.unitPrice.toText())}::numeric[], ${lines.map((line) => line.discountPercent.toText())}::numeric[],
                  ${lines.map((line) => line.total.minor)}::bigint[], ${held.map((quantity) => quantity.toText())}::numeric[])
        with ordinality as l(product_id, code, name, unit, quantity, base_quantity, unit_price, discount_percent, total_minor, reserved, position)`);
  emit(
    tx,
    orderCreated,
    { id, version: 1 },
    {
      order_id: id,
      number,
      customer_id: draft.customerId,
      site_id: draft.siteId,
      seller_id: tx.actor.id,
      quote_id: draft.quoteId,
      currency: draft.currency,
      total: total.toText(),
      lines: draft.lines.map((line) => ({
        product_id: line.productId,
        quantity: line.quantity.toText(),
        unit: line.unit,
        base_quantity: line.baseQuantity.toText(),
        unit_price: priceText(line.unitPrice, draft.currency),
        discount_percent: line.discountPercent.toText(),
        total: line.total.toText(),
      })),
    },
  );
  return { id, number };
}
