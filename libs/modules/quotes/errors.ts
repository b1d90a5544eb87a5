import { errorTable } from '#kernel';

export const errors = errorTable({
  quote_not_found: ['not_found', 'There is no such quote.'],
  quote_has_no_lines: ['conflict', 'A quote needs at least one line before it is sent.'],
  quote_expired: [
    'conflict',
    'The quote’s validity has ended; converting it needs the permission quote.convert_expired.',
  ],
  nothing_to_convert: ['conflict', 'No quantity of these lines is left to convert.'],
  invalid_transition: ['conflict', 'The quote is in a state from which this is not possible.'],
  version_conflict: ['precondition_failed', 'The quote changed since you read it.'],
});
