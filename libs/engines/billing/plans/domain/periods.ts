/**
 * The periods of a subscription: a chain without a gap, cut at local midnights.
 *
 *   anchor ─▶ [ 0 )[ 1 )[ 2 ) …     a period starts where the one before it ended, as stored
 *
 * Only the end of a new period is computed, in the zone the tenant has then; what is stored is never computed again, so
 * neither a new zone nor a new release of the zone database can move, repeat or lose an instant that was billed. Whoever
 * changes a tenant's zone materialises up to that moment first: the zone would otherwise reach back to periods that had
 * begun, and the result would depend on when a pass happened to run.
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
  /** The zone database this process computes with, such as `2025c`; kept with each period as evidence. */
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
 * How far a stored end may lie from where it would be computed today: 26 h between the outermost zones, 24 h for a
 * calendar day that a zone skips (Apia, 30 December 2011), and room. Far below the shortest month.
 */
const LARGEST_DRIFT = 72 * 3_600_000;

/** Every period that has begun by `asOf` and is missing after `last`, however long nobody looked. */
export function periodsUntil(subscription: Subscription, last: Period | undefined, asOf: Date): Period[] {
  const missing: Period[] = [];
  let next = nextPeriod(subscription, last);
  while (next.startsAt <= asOf) {
    missing.push(next);
    next = nextPeriod(subscription, next);
  }
  return missing;
}

export function nextPeriod(subscription: Subscription, previous: Period | undefined): Period {
  const { anchorOn, zone, intervalMonths, tzdbVersion } = subscription;
  const seq = previous === undefined ? 0 : previous.seq + 1;
  const expected = boundary(anchorOn, zone, seq * intervalMonths);
  const startsAt = previous === undefined ? expected : previous.endsAt;
  if (Math.abs(startsAt.getTime() - expected.getTime()) > LARGEST_DRIFT) throw errors.period_off_anchor();
  return { seq, startsAt, endsAt: boundary(anchorOn, zone, (seq + 1) * intervalMonths), zone, tzdbVersion };
}

/**
 * Local midnight of the anchor plus `months`, always counted from the anchor: from the 31st over February, the 31st
 * comes back in March. A day the month does not have becomes its last.
 */
export function boundary(anchorOn: string, zone: string, months: number): Date {
  return startOfDay(Temporal.PlainDate.from(anchorOn).add({ months }, { overflow: 'constrain' }), zone);
}
