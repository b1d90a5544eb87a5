/**
 * What counts as usage, of which meter, and how a meter counts. An event is used when it happened, whenever it arrives.
 *
 *   order.created            orders        each one
 *   quote.created, first     quotes        each one; another version of the same quote is the same quote
 *   user.signed_in           active_users  different people
 *   usage.reported           api_calls     what was counted
 *   usage.storage_measured   stored_mb     the most there was on any day
 */
import { storageMeasured, usageReported } from '#contracts/entitlements/events';
import { aggregateId, type Envelope, isEvent } from '#contracts/event';
import { userSignedIn } from '#contracts/identity/events';
import type { MeterName } from '#contracts/meters';
import { orderCreated } from '#contracts/orders/events';
import { quoteCreated } from '#contracts/quotes/events';

/** `sum` adds quantities, `distinct` counts different subjects, `max` takes the highest quantity. */
export type How = 'sum' | 'distinct' | 'max';

/** What requests reserve is counted where they do, and refused there; of the rest nobody but billing knows how much it is. */
export const METERS: Readonly<Record<MeterName, { readonly how: How; readonly isReserved: boolean }>> = {
  orders: { how: 'sum', isReserved: true },
  quotes: { how: 'sum', isReserved: true },
  active_users: { how: 'distinct', isReserved: false },
  api_calls: { how: 'sum', isReserved: false },
  stored_mb: { how: 'max', isReserved: false },
};

/** Whether use beyond a limit is refused: of a meter that nobody reserves, no request is. */
export function isRefusable(meter: string): boolean {
  return (METERS as Readonly<Record<string, { readonly isReserved: boolean }>>)[meter]?.isReserved ?? false;
}

export interface Usage {
  readonly meter: MeterName;
  /** What was used, or who used it: the same subject counts once where the meter counts different ones. */
  readonly subject: string;
  readonly quantity: bigint;
  /** UTC, milliseconds. */
  readonly occurredAt: string;
}

/** Undefined where the event is no usage. */
export function usageOf(event: Envelope): Usage | undefined {
  const subject = aggregateId(event);
  if (isEvent(event, orderCreated)) return { meter: 'orders', subject, quantity: 1n, occurredAt: event.time };
  if (isEvent(event, quoteCreated))
    return event.data.revision === 1 ? { meter: 'quotes', subject, quantity: 1n, occurredAt: event.time } : undefined;
  if (isEvent(event, userSignedIn))
    return { meter: 'active_users', subject: event.data.user_id, quantity: 1n, occurredAt: event.time };
  if (isEvent(event, usageReported)) {
    const { meter, quantity, from } = event.data;
    // Where it began: what straddles the end of a period belongs to the earlier one, which is still under review then.
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
