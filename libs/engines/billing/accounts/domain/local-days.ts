/** Days of a tenant’s calendar, which usage, periods and payments are dated by. */

import { Temporal } from 'temporal-polyfill';

/** The first instant of a day: after a midnight that is skipped, the first that exists; of one that comes twice, the earlier. */
export function startOfDay(day: Temporal.PlainDate, zone: string): Date {
  return new Date(day.toZonedDateTime(zone).epochMilliseconds);
}

/**
 * The day an instant belongs to, by the starts of days. Where clocks went back over midnight (St. John's until 2011, one
 * minute past), the calendar shows the day before once more; that hour belongs to the day that had already begun.
 */
export function localDay(at: Date, zone: string): Temporal.PlainDate {
  const shown = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  const next = shown.add({ days: 1 });
  return startOfDay(next, zone) <= at ? next : shown;
}
