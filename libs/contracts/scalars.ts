/** The scalar forms every contract shares. Decimals travel as strings, because JSON numbers are floats. */
import { isCurrency } from '#kernel';
import { z } from 'zod';

export const id = z.uuidv7().meta({ description: 'UUIDv7' });

export const instant = z.iso
  .datetime({ offset: false, precision: 3 })
  .meta({ description: 'UTC instant, milliseconds' });

export const date = z.iso.date().meta({ description: 'Calendar date' });

export const money = z
  .string()
  .regex(/^-?\d{1,15}\.\d{0,3}$|^-?\d{1,15}$/)
  .meta({ description: 'Amount in the currency’s major unit, as a decimal string', examples: ['32.00'] });

export const price = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,6})?$/, 'must be a decimal string with at most six decimals, not negative')
  .meta({ description: 'Price of one unit, as a decimal string', examples: ['32.00'] });

export const quantity = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,3})?$/, 'must be a decimal string with at most three decimals, not negative')
  .meta({ description: 'Quantity as a decimal string, up to three decimals', examples: ['10'] });

export const signedQuantity = z
  .string()
  .regex(/^-?\d{1,12}(\.\d{1,3})?$/, 'must be a decimal string with at most three decimals')
  .meta({ description: 'Signed quantity as a decimal string', examples: ['10', '-10'] });

export const percent = z
  .string()
  .regex(/^(100(\.0{1,4})?|\d{1,2}(\.\d{1,4})?)$/, 'must be a percentage between 0 and 100')
  .meta({ description: 'Percentage between 0 and 100, as a decimal string', examples: ['5'] });

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/)
  .refine(isCurrency, 'must be a currency code of ISO 4217, such as BRL')
  .meta({ description: 'ISO 4217 code', examples: ['BRL'] });

export const unitCode = z
  .string()
  .regex(/^[A-Z0-9]{2,3}$/, 'must be a UN/ECE Recommendation 20 code such as H87 (piece), KGM or MTK')
  .meta({ description: 'UN/ECE Recommendation 20 unit code', examples: ['H87'] });

export const text = (max: number) => z.string().trim().min(1).max(max);

/** A store as operators name it: by its slug or its id. */
export const tenantName = text(63).meta({ examples: ['acme'], description: 'Slug or id' });
