/** A store's payment method: the card that it enters on a page of the payment provider. */
import { z } from 'zod';
import { operation } from '../operation.js';
import { instant } from '../scalars.js';
import { paymentMethod } from './bill.js';

const own = {
  path: '/billing/payment-method',
  tag: 'Billing',
  access: 'billing.pay',
  // A suspended store must be able to pay.
  isOpenWhenSuspended: true,
} as const;

export const setUpOwnPaymentMethod = operation({
  ...own,
  id: 'setUpOwnPaymentMethod',
  method: 'POST',
  summary: 'Open a page of the payment provider’s on which a card is entered',
  description:
    'Send the person to `url`. Its card is what invoices are charged to from then on, within five minutes of being entered; of two cards the one counts whose page was asked for later. Nothing changes if the page is left.',
  body: z.strictObject({
    return_path: z
      .string()
      .max(500)
      .regex(/^\/(?![/\\])[\w\-./?=&%]*$/, 'must be a path of the store, as in /billing')
      .default('/')
      .meta({ description: 'Where the person comes back to, in the store', examples: ['/billing'] }),
  }),
  response: z.object({
    url: z.url().meta({ examples: ['https://checkout.stripe.com/c/pay/cs_1'] }),
    expires_at: instant,
  }),
  errors: ['account_not_found', 'provider_not_set_up', 'payment_provider_unavailable'],
});

export const removeOwnPaymentMethod = operation({
  ...own,
  id: 'removeOwnPaymentMethod',
  method: 'DELETE',
  summary: 'Charge the store’s invoices to no card any more: they are paid by transfer, Pix or cash',
  response: z.object({ removed: paymentMethod }),
  errors: ['payment_method_not_found'],
});
