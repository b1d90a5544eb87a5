/** Days of a tenant’s calendar. They date usage, periods and payments. */

import { Temporal } from 'temporal-polyfill';

/**
 * The first instant of a day. If midnight is skipped, it is the next instant that exists; if midnight comes twice, the
 * earlier one.
 */
export function startOfDay(day: Temporal.PlainDate, zone: string): Date {
  return new Date(day.toZonedDateTime(zone).epochMilliseconds);
}

/**
 * The day that contains an instant, measured from the starts of days. Where clocks went back over midnight (St. John's
 * until 2011, at one minute past midnight), the calendar shows the day before again; that hour belongs to the day that
 * had already begun.
 */
export function localDay(at: Date, zone: string): Temporal.PlainDate {
  const shown = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  const next = shown.add({ days: 1 });
  return startOfDay(next, zone) <= at ? next : shown;
}
