/**
 * Maps events to usage of a meter, and defines how each meter counts. Usage has the time of the event, not of its
 * arrival.
 *
 *   order.created            orders        each one
 *   quote.created, first     quotes        each one; another revision of the same quote does not count
 *   user.signed_in           active_users  different people
 *   usage.reported           api_calls     the reported quantity
 *   usage.storage_measured   stored_mb     the highest measurement of any day
 */
import { storageMeasured, usageReported } from '#contracts/entitlements/events';
import { aggregateId, type Envelope, isEvent } from '#contracts/event';
import { userSignedIn } from '#contracts/identity/events';
import type { MeterName } from '#contracts/meters';
import { orderCreated } from '#contracts/orders/events';
import { quoteCreated } from '#contracts/quotes/events';

/** `sum` adds quantities, `distinct` counts different subjects, `max` takes the highest quantity. */
export type How = 'sum' | 'distinct' | 'max';

/** `isReserved`: requests reserve the units, and are refused at the limit. Only billing counts the other meters. */
export const METERS: Readonly<Record<MeterName, { readonly how: How; readonly isReserved: boolean }>> = {
  orders: { how: 'sum', isReserved: true },
  quotes: { how: 'sum', isReserved: true },
  active_users: { how: 'distinct', isReserved: false },
  api_calls: { how: 'sum', isReserved: false },
  stored_mb: { how: 'max', isReserved: false },
};

/** Whether usage beyond a limit is refused. Requests are refused only for a meter whose units they reserve. */
export function isRefusable(meter: string): boolean {
  return (METERS as Readonly<Record<string, { readonly isReserved: boolean }>>)[meter]?.isReserved ?? false;
}

export interface Usage {
  readonly meter: MeterName;
  /** The thing used or the user. A `distinct` meter counts the same subject once. */
  readonly subject: string;
  readonly quantity: bigint;
  /** UTC, milliseconds. */
  readonly occurredAt: string;
}

/** Undefined if the event is not usage. */
export function usageOf(event: Envelope): Usage | undefined {
  const subject = aggregateId(event);
  if (isEvent(event, orderCreated)) return { meter: 'orders', subject, quantity: 1n, occurredAt: event.time };
  if (isEvent(event, quoteCreated))
    return event.data.revision === 1 ? { meter: 'quotes', subject, quantity: 1n, occurredAt: event.time } : undefined;
  if (isEvent(event, userSignedIn))
    return { meter: 'active_users', subject: event.data.user_id, quantity: 1n, occurredAt: event.time };
  if (isEvent(event, usageReported)) {
    const { meter, quantity, from } = event.data;
    // The start of the interval: a report across two periods belongs to the earlier one, which is still under review.
    return { meter, subject, quantity: BigInt(quantity), occurredAt: from };
  }
  if (isEvent(event, storageMeasured)) {
    const { megabytes, measured_at: occurredAt } = event.data;
    return { meter: 'stored_mb', subject, quantity: BigInt(megabytes), occurredAt };
  }
  return undefined;
}

export function totalOf(how: How, rows: Iterable<Pick<Usage, 'subject' | 'quantity'>>): bigint {
  const subjects = new Set<string>();
  let [sum, peak] = [0n, undefined as bigint | undefined];
  for (const { subject, quantity } of rows) {
    subjects.add(subject);
    sum += quantity;
    if (peak === undefined || quantity > peak) peak = quantity;
  }
  return how === 'sum' ? sum : how === 'distinct' ? BigInt(subjects.size) : (peak ?? 0n);
}
