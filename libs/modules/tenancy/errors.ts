import { errorTable } from '#kernel';

export const errors = errorTable({
  tenant_not_found: ['not_found', 'There is no such store.'],
  slug_taken: ['conflict', 'Another store already has this slug.'],
  slug_reserved: ['conflict', 'This slug is reserved.'],
});
