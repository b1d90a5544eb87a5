/** Windows roll with the calendar even where nothing happens: once a day every product is looked at again. */
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { PassOutcome } from '#platform/inbox';
import { claimTenant } from '../data/claims.js';
import { forgetOldSales } from '../data/histories.js';
import { reviewProducts } from './review-products.js';

const PORTION = 500;

export async function runPass(tx: CrossTenantTransaction, tenant: string, asOf: Date): Promise<PassOutcome> {
  const claims = await claimTenant(tx, tenant);
  await forgetOldSales(tx, tenant, asOf);
  const outcome = { subjects: claims.length, opened: 0, changed: 0, closed: 0 };
  for (let from = 0; from < claims.length; from += PORTION) {
    const part = await reviewProducts(tx, claims.slice(from, from + PORTION), asOf);
    outcome.opened += part.opened;
    outcome.changed += part.changed;
    outcome.closed += part.closed;
  }
  return outcome;
}
