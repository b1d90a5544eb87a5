/**
 * Refreshes the counters of stale accounts. Usage is counted again from the events and compared with the plan in force.
 * Each threshold that usage passes is announced once. Counts of meters that only billing counts are announced when they
 * change. All this happens under the row lock of the account, which one transaction holds at a time.
 */
import { usageCounted, usageLimitReached } from '#contracts/billing/events';
import { type MeterName, METERS as METER_NAMES } from '#contracts/meters';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { PassOutcome } from '#platform/inbox';
import { announceAll, type Announcement, announcement } from '../../accounts/index.js';
import { countInEvent, limitsOf, type Plan, plansOf, thresholdsCrossed } from '../../plans/index.js';
import {
  claimStale,
  claimTenant,
  type CountedPeriod,
  type Counter,
  periodsToCount,
  saveCounters,
} from '../data/counters.js';
import { type MeterTotal, usageOfSpans } from '../data/usage.js';
import { METERS } from '../domain/meters.js';

/** Small, so that a batch of events does not wait long for the row of one of these accounts. */
const ACCOUNTS_AT_ONCE = 50;
/** The maximum of a `bigint` column. Usage above it is still in the events, and on the bill. */
const HIGHEST_STORED = 2n ** 63n - 1n;

export async function refreshCounters(tx: CrossTenantTransaction, limit: number): Promise<number> {
  const tenants = await claimStale(tx, Math.min(limit, ACCOUNTS_AT_ONCE));
  if (tenants.length > 0) await count(tx, tenants, null);
  return tenants.length;
}

/** Counts one tenant, stale or not. */
export async function recountTenant(tx: CrossTenantTransaction, tenant: string, asOf: Date): Promise<PassOutcome> {
  await tx.execute(claimTenant(tenant));
  return { subjects: await count(tx, [tenant], asOf), opened: 0, changed: 0, closed: 0 };
}

/** Returns how many counters it wrote. */
async function count(tx: CrossTenantTransaction, tenants: readonly string[], asOf: Date | null): Promise<number> {
  const periods = await periodsToCount(tx, tenants, asOf);
  if (periods.length === 0) return 0;
  const spans = periods.map(({ tenant_id: tenant, starts_at: from, ends_at: to }) => ({ tenant, from, to }));
  const totals = await usageOfSpans(tx, spans);
  const plans = await plansOf(
    tx,
    periods.map(({ plan_id: id }) => id),
  );
  const counted = periods.map((period, place) => countersOf(period, plans.get(period.plan_id)!, totals[place]!));
  const counters = counted.flatMap((each) => each.counters);
  if (counters.length > 0) await tx.execute(saveCounters(counters));
  for (const tenant of new Set(periods.map(({ tenant_id: id }) => id))) {
    const news = counted.flatMap((each, place) => (periods[place]!.tenant_id === tenant ? each.news : []));
    await announceAll(tx, tenant, news);
  }
  return counters.length;
}

function countersOf(period: CountedPeriod, plan: Plan, totals: readonly MeterTotal[]) {
  const counters: Counter[] = [];
  const news: Announcement[] = [];
  const changed: { meter: MeterName; used: number }[] = [];
  for (const meter of METER_NAMES) {
    const terms = plan.meters.get(meter);
    if (!terms) continue;
    const used = totals.find((total) => total.meter === meter)?.quantity ?? 0n;
    const before = period.announced[meter] ?? 0;
    if (!METERS[meter].isReserved && String(used) !== (period.counted[meter] ?? '0'))
      changed.push({ meter, used: countInEvent(used) });
    const crossed = thresholdsCrossed(0n, used, terms.included).filter((percent) => percent > before);
    news.push(...crossed.map((percent) => limitReached(period, meter, percent, used, terms.included)));
    counters.push({
      tenant: period.tenant_id,
      subscription: period.subscription_id,
      seq: period.seq,
      meter,
      used: used > HIGHEST_STORED ? HIGHEST_STORED : used,
      included: terms.included,
      ...limitsOf(terms),
      announced: crossed.at(-1) ?? before,
    });
  }
  if (changed.length > 0) news.push(announcement(usageCounted, { period: spanOf(period), meters: changed }));
  return { counters, news };
}

const spanOf = ({ starts_at: startsAt, ends_at: endsAt }: CountedPeriod) => ({
  starts_at: startsAt.toISOString(),
  ends_at: endsAt.toISOString(),
});

function limitReached(
  period: CountedPeriod,
  meter: MeterName,
  percent: number,
  used: bigint,
  included: bigint,
): Announcement {
  return announcement(usageLimitReached, {
    meter,
    percent,
    used: countInEvent(used),
    included: Number(included),
    period: spanOf(period),
  });
}
