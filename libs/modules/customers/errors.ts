import { errorTable } from '#kernel';

export const errors = errorTable({
  customer_not_found: ['not_found', 'There is no such customer.'],
  site_not_found: ['not_found', 'There is no such site, or it belongs to another customer.'],
  invalid_document: ['invalid', 'The document number’s check digits are wrong.'],
  document_taken: ['conflict', 'Another customer already has this document.'],
  version_conflict: ['precondition_failed', 'The record changed since you read it.'],
});
