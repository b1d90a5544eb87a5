import type { BodyOf } from '#contracts/operation';
import type { createProduct as operation } from '#contracts/catalogue/operations';
import { productCreated } from '#contracts/catalogue/events';
import { Decimal, newId, priceText, Ratio } from '#kernel';
import { json, sql, type TenantTransaction, violatedConstraint } from '#platform/database';
import { emit } from '#platform/outbox';
import type { ProductRow } from '../data/products.js';
import { errors } from '../errors.js';

export async function createProduct(tx: TenantTransaction, input: BodyOf<typeof operation>): Promise<ProductRow> {
  const id = newId();
  const units = input.units.map((unit) => {
    if (unit.unit === input.unit || Decimal.parse(unit.step).isZero)
      throw errors.invalid_unit({ details: { unit: unit.unit } });
    const ratio = Ratio.of(BigInt(unit.numerator), BigInt(unit.denominator));
    return {
      unit: unit.unit,
      numerator: ratio.numerator.toString(),
      denominator: ratio.denominator.toString(),
      step: unit.step,
      barcode: unit.barcode ?? null,
    };
  });
  if (new Set(units.map((unit) => unit.unit)).size !== units.length) throw errors.invalid_unit();
  let row: ProductRow | undefined;
  try {
    row = await tx.first(sql<ProductRow>`
      with created as (
        insert into products (tenant_id, id, code, name, category, unit, price, currency, units, created_at, changed_at)
        values (${tx.tenant}, ${id}, ${input.code}, ${input.name}, ${input.category ?? null}, ${input.unit}, ${input.price},
                app.tenant_currency(), ${json(units)}, app.now(), app.now())
        returning *
      ), priced as (
        insert into product_prices (tenant_id, product_id, version, price, currency, actor, valid_from)
        select tenant_id, id, version, price, currency, ${tx.actor.id}, created_at from created
      )
      select * from created`);
  } catch (error) {
    if (violatedConstraint(error) === 'products_code')
      throw errors.product_code_taken({ details: { product_code: input.code } });
    throw error;
  }
  const created = row!;
  emit(tx, productCreated, { id, version: created.version }, eventData(created));
  return created;
}

export function eventData(row: ProductRow) {
  return {
    product_id: row.id,
    code: row.code,
    name: row.name,
    unit: row.unit,
    category: row.category,
    price: priceText(Decimal.parse(row.price), row.currency),
    currency: row.currency,
  };
}
