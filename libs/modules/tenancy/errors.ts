import { errorTable } from '#kernel';

export const errors = errorTable({
  tenant_not_found: ['not_found', 'There is no such store.'],
  slug_taken: ['conflict', 'Another store already has this slug.'],
  slug_reserved: ['conflict', 'This slug is reserved.'],
  // Raised in the database by app.admit, in front of every request's statement.
  tenant_closed: ['forbidden', 'This store is closed.'],
  tenant_suspended: ['payment_required', 'This store is suspended: reading, exporting and paying stay possible.'],
});
