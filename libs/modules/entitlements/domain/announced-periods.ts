/**
 * The periods of a tenant after a batch of announcements. An announced period replaces every earlier period that overlaps it:
 * an earlier announcement of the same period, and also a future period that never began because the plan restarted. So at
 * each instant a meter has one limit, the one that was announced last.
 *
 * Announcements come in the order of the account's versions. The result does not depend on where batches end.
 */
import type { EventData } from '#contracts/event';
import type { entitlementsChanged } from '#contracts/billing/events';

type Announcement = EventData<typeof entitlementsChanged>;

export interface Span {
  readonly startsAt: string;
  readonly endsAt: string;
}

export interface AnnouncedPeriod extends Span {
  readonly plan: string;
  readonly meters: Announcement['periods'][number]['meters'];
}

export class AnnouncedPeriods {
  private readonly announced: Span[] = [];
  private remaining: AnnouncedPeriod[] = [];

  take({ plan, periods }: Announcement): void {
    const named = periods.map((period): AnnouncedPeriod => ({
      startsAt: period.starts_at,
      endsAt: period.ends_at,
      plan,
      meters: period.meters,
    }));
    this.remaining = [...this.remaining.filter((old) => !named.some((period) => isOverlapping(old, period))), ...named];
    this.announced.push(...named);
  }

  /** The spans of time for which this batch replaces every earlier period. */
  get replaced(): readonly Span[] {
    return this.announced;
  }

  /** The periods that are valid after this batch. */
  get current(): readonly AnnouncedPeriod[] {
    return this.remaining;
  }
}

/** Spans are half open: one that ends when another begins does not overlap it. Instants of one format compare as text. */
function isOverlapping(one: Span, other: Span): boolean {
  return one.startsAt < other.endsAt && other.startsAt < one.endsAt;
}
