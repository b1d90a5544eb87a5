import type { BodyOf } from '#contracts/operation';
import type { createOrder as operation } from '#contracts/orders/operations';
import { Decimal } from '#kernel';
import { priceLines } from '#modules/catalogue';
import { requireCustomer } from '#modules/customers';
import type { TenantTransaction } from '#platform/database';
import { type PlacedOrder, placeOrder } from './place-order.js';

/** An order without a quote: the counter sale and the order by phone. */
export async function createOrder(tx: TenantTransaction, input: BodyOf<typeof operation>): Promise<PlacedOrder> {
  const siteId = input.site_id ?? null;
  await requireCustomer(tx, input.customer_id, siteId);
  const lines = await priceLines(tx, input.lines, Decimal.parse(input.discount_percent));
  const currency = lines[0]!.total.currency;
  return placeOrder(tx, { customerId: input.customer_id, siteId, quoteId: null, currency, lines });
}
