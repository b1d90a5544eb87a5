import { type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { announceAll, type Announcement, lockedNow } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import type { Assignment } from '../../invoicing/index.js';
import { choosePlan, entitlementsOf, type PlanChoice, type PlanTerms } from '../../plans/index.js';
import { liveSubscription, lookAgainAt } from './live-subscription.js';
import type { SubscriptionOverview } from './subscription-overview.js';

export interface ChangePlan {
  readonly tenant: string;
  readonly plan: PlanChoice;
  /** An upgrade takes effect at once; a downgrade takes effect when the paid period ends. */
  readonly at: 'now' | 'period-end';
}

/**
 * Replaces every earlier scheduled change: the newest decision counts. In a trial, the plan that follows the trial is
 * replaced, and the trial goes on.
 *
 * Throws `account_not_found`, `subscription_not_found`, `subscription_cancelled`, `plan_not_found`, `plan_unchanged`,
 * `plan_currency_differs` or `plan_interval_differs`.
 */
export async function changePlan(tx: CrossTenantTransaction, actor: string, input: ChangePlan): Promise<void> {
  const { tenant } = input;
  const now = await lockedNow(tx, tenant);
  const overview = await liveSubscription(tx, tenant, now);
  const { facts, billing, current } = overview;
  if (facts.subscription.cancel_at !== null) throw errors.subscription_cancelled();
  const plan = await choosePlan(tx, tenant, input.plan);
  if (plan.intervalMonths !== facts.subscription.interval_months) throw errors.plan_interval_differs();
  const [first] = facts.assignments as [Assignment];
  const kept = facts.assignments.filter(({ from }) => from <= now || from === first.from);
  if (plan.id === kept.at(-1)!.plan.id && kept.length === facts.assignments.length) throw errors.plan_unchanged();
  const from = effectiveFrom(input.at, overview, first, now);
  await tx.batch([
    withdraw(tenant, facts.subscription.id, kept.findLast((one) => one.from < from)?.from ?? null),
    sql`insert into billing_plan_assignments (tenant_id, subscription_id, from_at, plan_id, assigned_at, assigned_by)
        values (${tenant}, ${facts.subscription.id}, ${from}, ${plan.id}, ${now}, ${actor})`,
    lookAgainAt(tenant, facts.subscription.id, now),
  ]);
  const isAtOnce = current === null || from < current.endsAt;
  await announceAll(tx, tenant, [limits(plan, overview, isAtOnce ? 'this period' : 'the next', billing)], actor);
}

function effectiveFrom(at: ChangePlan['at'], { current }: SubscriptionOverview, first: Assignment, now: Date): Date {
  const wanted = at === 'now' || current === null ? now : current.endsAt;
  return wanted > first.from ? wanted : first.from;
}

/** Removes the scheduled phases after the last one that stays. Its day may have begun; the plan in force stays. */
const withdraw = (tenant: string, subscription: string, after: Date | null): Sql => sql`
  delete from billing_plan_assignments
   where tenant_id = ${tenant} and subscription_id = ${subscription}
     and (${after}::timestamptz is null or date_trunc('milliseconds', from_at) > ${after}::timestamptz)`;

function limits(
  plan: PlanTerms,
  { current, used }: SubscriptionOverview,
  from: 'this period' | 'the next',
  { subscription }: SubscriptionOverview['billing'],
): Announcement {
  const announcement = entitlementsOf(plan, current ?? undefined, subscription, { used });
  if (from === 'this period') return announcement;
  const data = announcement.data as { plan: string; periods: readonly unknown[] };
  return { ...announcement, data: { ...data, periods: data.periods.slice(1) } };
}
