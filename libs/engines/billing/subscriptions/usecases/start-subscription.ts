import { newId } from '#kernel';
import { type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { announceAccess } from '../../access/index.js';
import { announceAll, localDay, lockedNow, requireAccount, startOfDay } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import {
  boundary,
  choosePlan,
  entitlementsOf,
  periodsUntil,
  type PlanChoice,
  type PlanTerms,
} from '../../plans/index.js';
import { usageBetween } from '../../usage/index.js';

export interface StartSubscription {
  readonly tenant: string;
  readonly plan: PlanChoice;
  /** A local date; today unless given. */
  readonly anchorOn: string | undefined;
}

/** A year: further back there would only be periods with nothing to bill. */
const OLDEST_ANCHOR_DAYS = 366;

/**
 * The plan is in force from now, or from the end of its trial; days without a plan cost nothing. Limits apply from now on,
 * also in the trial.
 *
 * Throws `account_not_found`, `account_closed`, `subscription_exists`, `plan_not_found`, `plan_currency_differs` or
 * `anchor_out_of_range`.
 */
export async function startSubscription(
  tx: CrossTenantTransaction,
  actor: string,
  input: StartSubscription,
): Promise<string> {
  const { tenant } = input;
  const now = await lockedNow(tx, tenant);
  const account = await requireAccount(tx, tenant);
  if (account.access_state === 'closed') throw errors.account_closed();
  const live = await tx.first(sql`
    select id from billing_subscriptions where tenant_id = ${tenant} and ended_at is null`);
  if (live) throw errors.subscription_exists();
  const plan = await choosePlan(tx, tenant, input.plan);
  const { time_zone: zone, access_state: state } = account;
  const anchorOn = anchorFor(input.anchorOn, now, zone);
  const subscription = { anchorOn, zone, intervalMonths: plan.intervalMonths, tzdbVersion: 'announced' };
  const trialEndsAt = trialEnd(plan, now, zone);
  const id = newId();
  await tx.batch([
    sql`insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
        values (${tenant}, ${id}, ${anchorOn}, ${plan.intervalMonths}, ${now}, ${boundary(anchorOn, zone, 0)})`,
    sql`insert into billing_plan_assignments (tenant_id, subscription_id, from_at, plan_id, assigned_at, assigned_by)
        values (${tenant}, ${id}, ${trialEndsAt ?? now}, ${plan.id}, ${now}, ${actor})`,
    ...(trialEndsAt ? [trial(tenant, trialEndsAt)] : []),
  ]);
  // A tenant with an old debt keeps the access state that the debt caused.
  if (trialEndsAt && state === 'active') await announceAccess(tx, tenant, state, 'trial_started', actor);
  const current = periodsUntil(subscription, undefined, now).at(-1);
  const totals = current ? await usageBetween(tx, tenant, current.startsAt, current.endsAt) : [];
  const used = new Map(totals.map(({ meter, quantity }) => [meter, quantity]));
  await announceAll(tx, tenant, [entitlementsOf(plan, current, subscription, { used })], actor);
  return id;
}

/** Throws `anchor_out_of_range`. */
function anchorFor(wanted: string | undefined, now: Date, zone: string): string {
  const today = localDay(now, zone);
  if (wanted === undefined) return today.toString();
  const age = today.since(wanted, { largestUnit: 'days' }).days;
  if (age < 0 || age > OLDEST_ANCHOR_DAYS) throw errors.anchor_out_of_range();
  return wanted;
}

/** The rest of the first day is free, so that a trial is never shorter than promised. */
function trialEnd({ trialDays }: PlanTerms, now: Date, zone: string): Date | null {
  return trialDays === 0 ? null : startOfDay(localDay(now, zone).add({ days: trialDays + 1 }), zone);
}

const trial = (tenant: string, endsAt: Date): Sql => sql`
  update billing_accounts set access_state = 'trialing', trial_ends_at = ${endsAt}
   where tenant_id = ${tenant} and access_state = 'active'`;
