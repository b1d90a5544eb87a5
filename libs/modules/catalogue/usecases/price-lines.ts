/** Requested lines → document lines with the product, measure and price of this moment. */
import { Decimal } from '#kernel';
import { type DocumentLine, lineTotal } from '#modules/documents';
import type { TenantTransaction } from '#platform/database';
import { sellableProducts } from '../data/products.js';
import { measure } from '../domain/product.js';
import { errors } from '../errors.js';

export interface LineRequest {
  product_id: string;
  quantity: string;
  unit?: string | undefined;
  unit_price?: string | undefined;
  discount_percent: string;
}

/** Throws `product_not_found`, `invalid_unit` or `invalid_quantity`, each pointing at its line. */
export async function priceLines(
  tx: TenantTransaction,
  requests: readonly LineRequest[],
  generalDiscount: Decimal,
): Promise<DocumentLine[]> {
  if (requests.length === 0) return [];
  const products = await sellableProducts(tx, [...new Set(requests.map((request) => request.product_id))]);
  return requests.map((request, index) => {
    const product = products.get(request.product_id);
    if (!product) {
      throw errors.product_not_found({
        errors: [{ pointer: `/lines/${index}/product_id`, message: 'no such product' }],
      });
    }
    const measured = measure(product, Decimal.parse(request.quantity), request.unit);
    const unitPrice = request.unit_price === undefined ? measured.unitPrice : Decimal.parse(request.unit_price);
    const discountPercent = Decimal.parse(request.discount_percent);
    return {
      productId: product.id,
      code: product.code,
      name: product.name,
      unit: measured.unit,
      quantity: measured.quantity,
      baseQuantity: measured.baseQuantity,
      unitPrice,
      discountPercent,
      total: lineTotal(
        measured.quantity,
        unitPrice,
        { line: discountPercent, general: generalDiscount },
        product.currency,
      ),
    };
  });
}
