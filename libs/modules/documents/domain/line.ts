/**
 * One line of a document: product, unit, quantity, base quantity, unit price, discount and total, frozen when the line was
 * priced. Quotes and orders have such lines. Each document's table holds these columns and may add some of its own; the
 * mapping between value, row, answer and event stands here and nowhere else.
 */
import { Decimal, Money, priceText } from '#kernel';

export interface DocumentLine {
  readonly productId: string;
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  /** In `unit`. */
  readonly quantity: Decimal;
  /** The same quantity in the product's base unit. */
  readonly baseQuantity: Decimal;
  /** For one `unit`. */
  readonly unitPrice: Decimal;
  readonly discountPercent: Decimal;
  readonly total: Money;
}

/** The columns that every table of lines has. */
export type LineColumn =
  | 'position'
  | 'product_id'
  | 'code'
  | 'name'
  | 'unit'
  | 'quantity'
  | 'base_quantity'
  | 'unit_price'
  | 'discount_percent'
  | 'total_minor';

/** A line within a JSON column. Figures are text, so that none passes through a float. `position` counts from 1. */
export type LineRow = { readonly [Name in Exclude<LineColumn, 'position'>]: string } & { readonly position: number };

/** Rows for `json_populate_recordset`, numbered in the order of `lines`. */
export function lineRows(lines: readonly DocumentLine[]): LineRow[] {
  return lines.map((line, index) => ({
    position: index + 1,
    product_id: line.productId,
    code: line.code,
    name: line.name,
    unit: line.unit,
    quantity: line.quantity.toText(),
    base_quantity: line.baseQuantity.toText(),
    unit_price: line.unitPrice.toText(),
    discount_percent: line.discountPercent.toText(),
    total_minor: line.total.minor.toString(),
  }));
}

export function lineOf(row: LineRow, currency: string): DocumentLine {
  return {
    productId: row.product_id,
    code: row.code,
    name: row.name,
    unit: row.unit,
    quantity: Decimal.parse(row.quantity),
    baseQuantity: Decimal.parse(row.base_quantity),
    unitPrice: Decimal.parse(row.unit_price),
    discountPercent: Decimal.parse(row.discount_percent),
    total: new Money(BigInt(row.total_minor), currency),
  };
}

/** As events carry it. */
export function lineFact(row: LineRow, currency: string) {
  return {
    product_id: row.product_id,
    quantity: Decimal.parse(row.quantity).toText(),
    unit: row.unit,
    base_quantity: Decimal.parse(row.base_quantity).toText(),
    unit_price: priceText(Decimal.parse(row.unit_price), currency),
    discount_percent: Decimal.parse(row.discount_percent).toText(),
    total: new Money(BigInt(row.total_minor), currency).toText(),
  };
}

/** As the API shows it. */
export function lineView(row: LineRow, currency: string) {
  const { product_id, ...rest } = lineFact(row, currency);
  return { position: row.position, product_id, code: row.code, name: row.name, ...rest };
}

/** A document's total is the sum of its lines, so the two can never disagree. */
export function totalOf(lines: readonly DocumentLine[], currency: string): Money {
  return lines.reduce((sum, line) => sum.plus(line.total), Money.zero(currency));
}
