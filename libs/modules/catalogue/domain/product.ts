/** A product counts in its base unit; further units hold an exact ratio of it. */
import { Decimal, Ratio } from '#kernel';
import { errors } from '../errors.js';

export interface Unit {
  readonly unit: string;
  readonly ratio: Ratio;
  /** Quantities in this unit are multiples of it. */
  readonly step: Decimal;
}

export interface Product {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly baseUnit: string;
  /** For one base unit. */
  readonly price: Decimal;
  readonly currency: string;
  readonly units: readonly Unit[];
}

/** A quantity in some unit, as a quantity of the base unit, with the default price of one such unit. */
export interface Measure {
  readonly unit: string;
  readonly quantity: Decimal;
  readonly baseQuantity: Decimal;
  readonly unitPrice: Decimal;
}

/** Base quantities are kept in thousandths, so the base unit takes any quantity of up to three decimals. */
const BASE_STEP = Decimal.parse('0.001');

export function unitOf(product: Product, unit: string | undefined): Unit {
  if (unit === undefined || unit === product.baseUnit) {
    return { unit: product.baseUnit, ratio: Ratio.one, step: BASE_STEP };
  }
  const found = product.units.find((candidate) => candidate.unit === unit);
  if (!found) throw errors.invalid_unit({ details: { product_id: product.id, unit } });
  return found;
}

/** Throws `invalid_unit` or `invalid_quantity`. */
export function measure(product: Product, quantity: Decimal, unit?: string): Measure {
  const chosen = unitOf(product, unit);
  if (quantity.isNegative || quantity.isZero || !fitsStep(quantity, chosen.step)) {
    throw errors.invalid_quantity({
      details: { product_id: product.id, unit: chosen.unit, step: chosen.step.toText() },
    });
  }
  return {
    unit: chosen.unit,
    quantity,
    baseQuantity: chosen.ratio.toBase(quantity),
    unitPrice: chosen.ratio.isOne ? product.price : chosen.ratio.priceFromBase(product.price),
  };
}

function fitsStep(quantity: Decimal, step: Decimal): boolean {
  return step.isZero || quantity.isMultipleOf(step);
}
