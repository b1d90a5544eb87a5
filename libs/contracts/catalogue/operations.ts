import { z } from 'zod';
import { idParams, operation, page, pageQuery, type Tags } from '../operation.js';
import { currency, id, instant, price, quantity, text, unitCode } from '../scalars.js';

export const tags: Tags = {
  Products: { order: 40, description: 'What a store sells, in which units and at which price.' },
};

const integer = z.string().regex(/^[1-9]\d{0,11}$/, 'must be a whole number above zero');

/** One of this unit holds `numerator / denominator` base units: a box of 36/25 m² is 1.44 m², exactly. */
export const productUnit = z
  .strictObject({
    unit: unitCode,
    numerator: integer.meta({ examples: ['36'] }),
    denominator: integer.default('1').meta({ examples: ['25'] }),
    step: quantity.default('1').meta({ description: 'Quantities are multiples of this' }),
    barcode: text(64)
      .nullish()
      .meta({ examples: ['7891234567895'] }),
  })
  .meta({ id: 'ProductUnit' });

export const product = z
  .object({
    id,
    code: z.string().meta({ examples: ['CIM-50'] }),
    name: z.string().meta({ examples: ['Cimento CP II 50 kg'] }),
    category: z
      .string()
      .nullable()
      .meta({ examples: ['Cimento'] }),
    unit: unitCode.meta({ description: 'Base unit: stock counts in it and the price is for one of it' }),
    price,
    currency,
    units: z.array(
      productUnit.extend({
        barcode: z
          .string()
          .nullable()
          .meta({ examples: ['7891234567895'] }),
      }),
    ),
    is_active: z.boolean(),
    created_at: instant,
  })
  .meta({ id: 'Product' });

const newProduct = z
  .strictObject({
    code: text(40)
      .regex(/^[^\s].*$/)
      .meta({ examples: ['CIM-50'] }),
    name: text(200).meta({ examples: ['Cimento CP II 50 kg'] }),
    unit: unitCode,
    price,
    category: text(80)
      .nullish()
      .meta({ examples: ['Cimento'] }),
    units: z.array(productUnit).max(20).default([]),
  })
  .meta({ id: 'NewProduct' });

export const createProduct = operation({
  id: 'createProduct',
  method: 'POST',
  path: '/products',
  tag: 'Products',
  summary: 'Add a product to the catalogue',
  access: 'product.manage',
  body: newProduct,
  response: product,
  errors: ['product_code_taken', 'invalid_unit'],
});

export const getProduct = operation({
  id: 'getProduct',
  method: 'GET',
  path: '/products/:id',
  tag: 'Products',
  summary: 'Read one product',
  access: 'product.read',
  params: idParams,
  response: product,
});

export const listProducts = operation({
  id: 'listProducts',
  method: 'GET',
  path: '/products',
  tag: 'Products',
  summary: 'List products, newest first',
  access: 'product.read',
  query: pageQuery.extend({ search: text(100).optional().meta({ description: 'Part of the code or name' }) }),
  response: page(product),
});

export const changeProduct = operation({
  id: 'changeProduct',
  method: 'PATCH',
  path: '/products/:id',
  tag: 'Products',
  summary: 'Change a product; a new price applies to new quotes only',
  access: 'product.manage',
  params: idParams,
  body: newProduct
    .pick({ name: true, price: true, category: true })
    .partial()
    .extend({ is_active: z.boolean().optional() }),
  response: product,
  errors: ['version_conflict'],
});
