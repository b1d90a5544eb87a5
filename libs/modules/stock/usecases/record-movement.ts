import type { BodyOf } from '#contracts/operation';
import type { recordMovement as operation } from '#contracts/stock/operations';
import { Decimal } from '#kernel';
import { sellableProducts, unitOf } from '#modules/catalogue';
import type { TenantTransaction } from '#platform/database';
import type { MovementRow } from '../data/levels.js';
import { errors } from '../errors.js';
import { moveStock } from './move-stock.js';

const COST_DECIMALS = 6;

/** A person moves stock at the shelf, in whatever unit they count in. */
export async function recordMovement(tx: TenantTransaction, input: BodyOf<typeof operation>): Promise<MovementRow> {
  const product = (await sellableProducts(tx, [input.product_id])).get(input.product_id);
  if (!product) throw errors.product_not_found();
  const { ratio } = unitOf(product, input.unit);
  const cost = input.unit_cost === undefined ? null : Decimal.parse(input.unit_cost);
  const [row] = await moveStock(tx, [
    {
      productId: product.id,
      kind: input.kind,
      quantity: ratio.toBase(Decimal.parse(input.quantity)),
      unitCost: cost && cost.timesRatio(ratio.denominator, ratio.numerator, COST_DECIMALS),
      reason: input.reason ?? null,
    },
  ]);
  return row!;
}
