import { errorTable } from '#kernel';

export const errors = errorTable({
  storage_is_measured_now: ['invalid', 'What a store keeps can only be measured now, not as of another instant.'],
  usage_limit_reached: [
    'payment_required',
    'The limit of this period is reached; nothing more of this kind is possible.',
  ],
  metered_operations_held: [
    'payment_required',
    'New quotes and orders are on hold for this store: reading, exporting and paying stay possible.',
  ],
});
