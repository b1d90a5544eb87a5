/** Functions shared by the changes of a subscription. */
import { type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { requireAccount } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { type SubscriptionOverview, subscriptionOverview } from './subscription-overview.js';

/** The caller holds the account's lock. Throws `account_not_found` or `subscription_not_found`. */
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

/** The next pass reads the subscription, and sets the following instant from its facts. */
export const lookAgainAt = (tenant: string, subscription: string, now: Date): Sql => sql`
  update billing_subscriptions set due_at = least(due_at, ${now}::timestamptz)
   where tenant_id = ${tenant} and id = ${subscription}`;
