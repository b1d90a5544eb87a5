import { errorTable } from '#kernel';

export const errors = errorTable({
  product_not_found: ['not_found', 'There is no such product.'],
  product_code_taken: ['conflict', 'Another product already has this code.'],
  invalid_unit: ['invalid', 'The product is not sold in this unit.'],
  invalid_quantity: ['invalid', 'The quantity must be above zero and a multiple of the unit’s step.'],
  version_conflict: ['precondition_failed', 'The product changed since you read it.'],
});
