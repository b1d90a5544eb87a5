import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { announceAll, lockedNow } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { entitlementsOf } from '../../plans/index.js';
import { liveSubscription, lookAgainAt } from './live-subscription.js';

/**
 * The running period is the last: it was agreed when it began, and is billed when it ends.
 * Throws `account_not_found`, `subscription_not_found` or `subscription_cancelled`.
 */
export async function cancelSubscription(tx: CrossTenantTransaction, actor: string, tenant: string): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const { facts, plan, current, billing } = await liveSubscription(tx, tenant, now);
  const { id, cancel_at: cancelAt } = facts.subscription;
  if (cancelAt !== null) throw errors.subscription_cancelled();
  await tx.batch([
    sql`update billing_subscriptions set cancel_at = ${now} where tenant_id = ${tenant} and id = ${id}`,
    lookAgainAt(tenant, id, now),
  ]);
  if (current)
    await announceAll(tx, tenant, [entitlementsOf(plan, current, billing.subscription, { isLast: true })], actor);
}

/** Throws `account_not_found`, `subscription_not_found` or `nothing_to_resume`. */
export async function resumeSubscription(tx: CrossTenantTransaction, actor: string, tenant: string): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const { facts, plan, current, billing } = await liveSubscription(tx, tenant, now);
  const { id, cancel_at: cancelAt } = facts.subscription;
  // After the last period ends there is a gap, and a chain of periods must have none.
  if (cancelAt === null || current === null) throw errors.nothing_to_resume();
  await tx.batch([
    sql`update billing_subscriptions set cancel_at = null where tenant_id = ${tenant} and id = ${id}`,
    lookAgainAt(tenant, id, now),
  ]);
  await announceAll(tx, tenant, [entitlementsOf(plan, current, billing.subscription)], actor);
}
