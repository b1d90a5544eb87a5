import { errorTable } from '#kernel';

export const errors = errorTable({
  amount_not_chargeable: ['invalid', 'The payment provider cannot charge this amount in this currency.'],
  webhook_not_authentic: ['unauthenticated', 'The signature does not belong to this message, or it is too old.'],
  payment_provider_unavailable: ['unavailable', 'The payment provider cannot be asked right now.'],
  payment_not_at_provider: [
    'conflict',
    'The provider does not know a payment that it told us of. Is this the account of then?',
  ],
  payment_currency_mismatch: ['conflict', 'The payment is in another currency than its invoice.'],
  encryption_key_missing: [
    'internal',
    'ENCRYPTION_KEY is not set; the payment provider’s keys are sealed with it and cannot be read.',
  ],
  dry_run_called_provider: ['internal', 'A dry run must not call the payment provider.'],
});
