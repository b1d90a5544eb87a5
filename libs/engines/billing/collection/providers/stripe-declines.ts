/**
 * Which of Stripe's declines are final for the method. The codes are those of https://docs.stripe.com/declines/codes whose
 * next step is another card or corrected card details; every other one, known or not, is worth the retries of the grace.
 */
const HARD: ReadonlySet<string> = new Set([
  // The card or its account does not exist any more, or its details are wrong.
  'expired_card',
  'incorrect_number',
  'invalid_account',
  'invalid_expiry_month',
  'invalid_expiry_year',
  'invalid_number',
  'new_account_information_available',
  // It was reported or is suspected.
  'fraudulent',
  'lost_card',
  'merchant_blacklist',
  'pickup_card',
  'restricted_card',
  'stolen_card',
  // It does not support this kind of payment.
  'card_not_supported',
  'currency_not_supported',
  'testmode_decline',
  'transaction_not_allowed',
  // Its holder forbade it.
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'stop_payment_order',
]);

/** The advice of Mastercard and Visa beside the code: https://docs.stripe.com/declines/card#retrying-issuer-declines */
const HARD_ADVICE = 'do_not_try_again';

export interface StripeDecline {
  readonly code?: string | undefined;
  readonly decline_code?: string | undefined;
  readonly advice_code?: string | undefined;
}

export function classify(error: StripeDecline): { readonly decline: 'soft' | 'hard'; readonly code: string } {
  const code = error.decline_code ?? error.code ?? 'card_declined';
  const isHard = error.advice_code === HARD_ADVICE || HARD.has(code) || HARD.has(error.code ?? '');
  return { decline: isHard ? 'hard' : 'soft', code };
}
