/** The event with the usage limits of a tenant, for the current period and the next one. */
import { entitlementsChanged } from '#contracts/billing/events';
import { type MeterName, METERS } from '#contracts/meters';
import { type Announcement, announcement } from '../../accounts/index.js';
import type { PlanTerms } from '../data/plans.js';
import { nextPeriod, type Period, type Subscription } from '../domain/periods.js';
import { limitsOf } from '../domain/rating.js';

/**
 * The next period is announced in advance, so that it has limits between its start and the nightly pass that stores it.
 * After a plan change inside a period, the whole allowance of the newer plan applies: limits are not prorated as bills
 * are. There are no limits after the last period of a subscription: the period announced in advance is withdrawn (no
 * meters).
 *
 * `used` is the usage counted so far in the current period. It is given when the period is announced after its start,
 * because no other component has counted that usage.
 */
export function entitlementsOf(
  plan: Pick<PlanTerms, 'code' | 'meters'>,
  current: Period | undefined,
  subscription: Subscription,
  { isLast = false, used }: { readonly isLast?: boolean; readonly used?: ReadonlyMap<string, bigint> } = {},
): Announcement {
  const next = nextPeriod(subscription, current);
  const meters = [...plan.meters].filter(isKnown).map(([meter, terms]) => {
    const { soft, hard } = limitsOf(terms);
    return { meter, included: Number(terms.included), soft: Number(soft), hard: Number(hard) };
  });
  const counted = used
    ? meters.map((limits) => ({ ...limits, used: countInEvent(used.get(limits.meter) ?? 0n) }))
    : meters;
  return announcement(entitlementsChanged, {
    plan: plan.code,
    periods: [...(current ? [periodData(current, counted)] : []), periodData(next, isLast ? [] : meters)],
  });
}

const HIGHEST_IN_EVENT = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * A count in the form of an event member: at least zero, because corrections may exceed the counts, and a safe integer.
 */
export function countInEvent(used: bigint): number {
  return Number(used < 0n ? 0n : used > HIGHEST_IN_EVENT ? HIGHEST_IN_EVENT : used);
}

function periodData<Limits>({ startsAt, endsAt }: Period, meters: Limits) {
  return { starts_at: startsAt.toISOString(), ends_at: endsAt.toISOString(), meters };
}

function isKnown<T>(entry: [string, T]): entry is [MeterName, T] {
  return (METERS as readonly string[]).includes(entry[0]);
}
