import { errorTable } from '#kernel';

export const errors = errorTable({
  insight_not_found: ['not_found', 'There is no such insight.'],
  invalid_cursor: ['malformed', 'The cursor is not one this list gave out.'],
});
