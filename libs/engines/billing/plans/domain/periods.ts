/**
 * The periods of a subscription: a chain without a gap, cut at local midnights.
 *
 *   anchor ─▶ [ 0 )[ 1 )[ 2 ) …     a period starts at the stored end of the period before it
 *
 * Only the end of a new period is computed, in the tenant's zone at that time. A stored period is never computed again,
 * so neither a new zone nor a new release of the zone database can move, repeat or lose an instant that was billed. A
 * change of a tenant's zone must first store all periods up to that moment. Otherwise the new zone would apply to
 * periods that had already begun, and the result would depend on the time of the last pass.
 */
import { Temporal } from 'temporal-polyfill';
import { errorTable } from '#kernel';
import { startOfDay } from '../../accounts/domain/index.js';

const errors = errorTable({
  period_off_anchor: [
    'conflict',
    'The last period does not end on the subscription’s anchor: anchor or interval changed under it. Start a new subscription instead.',
  ],
});

export interface Subscription {
  /** A local date, `2026-01-31`. */
  readonly anchorOn: string;
  /** IANA name. */
  readonly zone: string;
  readonly intervalMonths: 1 | 12;
  /** The release of the zone database in this process, such as `2025c`; stored with each period as evidence. */
  readonly tzdbVersion: string;
}

/** `[startsAt, endsAt)`: the end belongs to the next period. */
export interface Period {
  readonly seq: number;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly zone: string;
  readonly tzdbVersion: string;
}

/**
 * The largest difference, in milliseconds, between a stored end and the end computed today: 26 h between the outermost
 * zones, 24 h for a calendar day that a zone skips (Apia, 30 December 2011), and a reserve. This is far below the
 * shortest month.
 */
const LARGEST_DRIFT = 72 * 3_600_000;

/** All periods after `last` that have begun by `asOf`, however many they are. Throws `period_off_anchor`. */
export function periodsUntil(subscription: Subscription, last: Period | undefined, asOf: Date): Period[] {
  const missing: Period[] = [];
  let next = nextPeriod(subscription, last);
  while (next.startsAt <= asOf) {
    missing.push(next);
    next = nextPeriod(subscription, next);
  }
  return missing;
}

/** The period after `previous`, or the first one. Throws `period_off_anchor`. */
export function nextPeriod(subscription: Subscription, previous: Period | undefined): Period {
  const { anchorOn, zone, intervalMonths, tzdbVersion } = subscription;
  const seq = previous === undefined ? 0 : previous.seq + 1;
  const expected = boundary(anchorOn, zone, seq * intervalMonths);
  const startsAt = previous === undefined ? expected : previous.endsAt;
  if (Math.abs(startsAt.getTime() - expected.getTime()) > LARGEST_DRIFT) throw errors.period_off_anchor();
  return { seq, startsAt, endsAt: boundary(anchorOn, zone, (seq + 1) * intervalMonths), zone, tzdbVersion };
}

/**
 * Local midnight of the anchor plus `months`. It is always counted from the anchor, so a chain that begins on the 31st
 * has the last day of February and then 31 March again. If the month does not have the day, its last day is used.
 */
export function boundary(anchorOn: string, zone: string, months: number): Date {
  return startOfDay(Temporal.PlainDate.from(anchorOn).add({ months }, { overflow: 'constrain' }), zone);
}
