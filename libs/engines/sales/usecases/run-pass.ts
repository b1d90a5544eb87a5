/** Windows roll, customers fall silent and quotes end without any event: once a day everything is looked at again. */
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { PassOutcome } from '#platform/inbox';
import { type Claimed, claimTenant, forgetOldCounts, SUBJECTS } from '../data/reviews.js';
import { reviewSubjects } from './review-subjects.js';

const PORTION = 500;

export async function runPass(tx: CrossTenantTransaction, tenant: string, asOf: Date): Promise<PassOutcome> {
  const claimed = await claimTenant(tx, tenant);
  await forgetOldCounts(tx, tenant, asOf.toISOString().slice(0, 10));
  const outcome = { subjects: 0, opened: 0, changed: 0, closed: 0 };
  for (const kind of SUBJECTS) {
    for (let from = 0; from < claimed[kind].length; from += PORTION) {
      const none: Claimed = { product: [], customer: [], quote: [] };
      const portion = { ...none, [kind]: claimed[kind].slice(from, from + PORTION) };
      const part = await reviewSubjects(tx, portion, asOf);
      outcome.subjects += portion[kind].length;
      outcome.opened += part.opened;
      outcome.changed += part.changed;
      outcome.closed += part.closed;
    }
  }
  return outcome;
}
