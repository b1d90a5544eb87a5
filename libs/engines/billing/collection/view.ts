/** Payments and payment methods in the shape of the API. */

import { moneyText } from '../accounts/index.js';
import type { MethodRow } from './data/methods.js';
import type { FactRow } from './data/payment-rows.js';

export function paymentView(row: FactRow) {
  return {
    id: row.id,
    invoice_id: row.invoice_id,
    invoice_number: Number(row.invoice_number),
    kind: row.kind,
    amount: moneyText(row.amount_minor, row.currency),
    currency: row.currency,
    means: row.means,
    at: row.at.toISOString(),
  };
}

/** A method that the operator has set is identified by its label alone. */
export function methodView({ provider, label, added_at: addedAt, ...card }: MethodRow) {
  const { brand, last4, exp_month: month, exp_year: year } = card;
  const isCard = brand !== null && last4 !== null && month !== null && year !== null;
  return {
    provider,
    label,
    card: isCard ? { brand, last4, expires_on: `${year}-${String(month).padStart(2, '0')}` } : null,
    added_at: addedAt.toISOString(),
  };
}
