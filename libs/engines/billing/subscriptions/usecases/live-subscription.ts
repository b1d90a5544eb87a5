/** What changes of a subscription have in common. */
import { type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { requireAccount } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { type SubscriptionOverview, subscriptionOverview } from './subscription-overview.js';

/** The account's lock is held. Throws `account_not_found` or `subscription_not_found`. */
export async function liveSubscription(
  tx: CrossTenantTransaction,
  tenant: string,
  now: Date,
): Promise<SubscriptionOverview> {
  await requireAccount(tx, tenant);
  const overview = await subscriptionOverview(tx, tenant, now);
  if (!overview || overview.facts.subscription.ended_at !== null) throw errors.subscription_not_found();
  return overview;
}

/** The next pass looks at it, and sets what comes after by what it finds. */
export const lookAgainAt = (tenant: string, subscription: string, now: Date): Sql => sql`
  update billing_subscriptions set due_at = least(due_at, ${now}::timestamptz)
   where tenant_id = ${tenant} and id = ${subscription}`;
