/** What a tenant may use, told to the rest of the house: the period that runs, and the one that will follow it. */
import { entitlementsChanged } from '#contracts/billing/events';
import { type MeterName, METERS } from '#contracts/meters';
import { type Announcement, announcement } from '../../accounts/index.js';
import type { PlanTerms } from '../data/plans.js';
import { nextPeriod, type Period, type Subscription } from '../domain/periods.js';
import { limitsOf } from '../domain/rating.js';

/**
 * The next period is told ahead, so that the night between its start and the pass that stores it has limits as well. The
 * allowance of a plan change in the middle of a period is the newer plan's: a limit is not worth the arithmetic of a bill.
 * After the last period of a subscription nothing is limited: what was told ahead is taken back.
 *
 * `used` is what has been counted in the running period, where it is told when it has begun: then nobody else has counted it.
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
  const counted = used ? meters.map((limits) => ({ ...limits, used: tellable(used.get(limits.meter) ?? 0n) })) : meters;
  return announcement(entitlementsChanged, {
    plan: plan.code,
    periods: [...(current ? [told(current, counted)] : []), told(next, isLast ? [] : meters)],
  });
}

const HIGHEST_TOLD = BigInt(Number.MAX_SAFE_INTEGER);

/** A count as an event carries it. Corrections may exceed the counts; nobody has used less than nothing. */
export function tellable(used: bigint): number {
  return Number(used < 0n ? 0n : used > HIGHEST_TOLD ? HIGHEST_TOLD : used);
}

function told<Limits>({ startsAt, endsAt }: Period, meters: Limits) {
  return { starts_at: startsAt.toISOString(), ends_at: endsAt.toISOString(), meters };
}

function isKnown<T>(entry: [string, T]): entry is [MeterName, T] {
  return (METERS as readonly string[]).includes(entry[0]);
}
