import { errorTable } from '#kernel';

export const errors = errorTable({
  order_not_found: ['not_found', 'There is no such order.'],
  forbidden: ['forbidden', 'Your role does not allow this.'],
  version_conflict: ['precondition_failed', 'The order changed since you read it.'],
});
