import { errorTable } from '#kernel';

export const errors = errorTable({
  insufficient_stock: ['conflict', 'There is not enough stock for this.'],
  invalid_quantity: ['invalid', 'The quantity does not fit this kind of movement.'],
  product_not_found: ['not_found', 'There is no such product.'],
});
