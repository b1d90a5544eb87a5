import type { BodyOf } from '#contracts/operation';
import type { changeProduct as operation } from '#contracts/catalogue/operations';
import { priceChanged, productChanged } from '#contracts/catalogue/events';
import { Decimal, priceText } from '#kernel';
import { sql, type TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import type { ProductRow } from '../data/products.js';
import { errors } from '../errors.js';
import { eventData } from './create-product.js';

export interface ChangeProduct extends BodyOf<typeof operation> {
  id: string;
  expectedVersion: number | undefined;
}

export async function changeProduct(tx: TenantTransaction, input: ChangeProduct): Promise<ProductRow> {
  const before = await tx.first(sql<ProductRow>`
    select * from products where tenant_id = ${tx.tenant} and id = ${input.id} for update`);
  if (!before) throw errors.product_not_found();
  if (input.expectedVersion !== undefined && input.expectedVersion !== before.version) throw errors.version_conflict();

  const price = Decimal.parse(input.price ?? before.price);
  const isRepriced = price.compare(Decimal.parse(before.price)) !== 0;
  const isDescriptionChanged =
    (input.name !== undefined && input.name !== before.name) ||
    (input.category !== undefined && input.category !== before.category) ||
    (input.is_active !== undefined && input.is_active !== before.is_active);
  if (!isRepriced && !isDescriptionChanged) return before;

  // A change of data and price is two facts with a version each; the price gets the last one.
  const facts = Number(isRepriced) + Number(isDescriptionChanged);
  const after = (await tx.first(sql<ProductRow>`
    update products
       set name = ${input.name ?? before.name},
           category = ${input.category === undefined ? before.category : (input.category ?? null)},
           is_active = ${input.is_active ?? before.is_active},
           price = ${price.toText()},
           version = version + ${facts},
           changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${input.id}
    returning *`))!;
  if (isDescriptionChanged) {
    emit(
      tx,
      productChanged,
      { id: after.id, version: isRepriced ? after.version - 1 : after.version },
      eventData(after),
    );
  }
  if (isRepriced) {
    await tx.execute(sql`
      insert into product_prices (tenant_id, product_id, version, price, currency, actor, valid_from)
      values (${tx.tenant}, ${after.id}, ${after.version}, ${price.toText()}, ${after.currency}, ${tx.actor.id}, app.now())`);
    emit(tx, priceChanged, after, {
      product_id: after.id,
      previous: priceText(Decimal.parse(before.price), before.currency),
      price: priceText(price, after.currency),
      currency: after.currency,
    });
  }
  return after;
}
