/**
 * What a batch of announcements leaves of a tenant's periods. A period that is told replaces whatever was said of any part
 * of its time: the period itself, and also one that was told ahead and never came, because the plan began anew. So of one
 * meter at one instant there is one limit, the newest that was told.
 *
 * Announcements come in the order of the account's versions; where batches end makes no difference.
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
  private readonly told: Span[] = [];
  private left: AnnouncedPeriod[] = [];

  take({ plan, periods }: Announcement): void {
    const named = periods.map((period): AnnouncedPeriod => ({
      startsAt: period.starts_at,
      endsAt: period.ends_at,
      plan,
      meters: period.meters,
    }));
    this.left = [...this.left.filter((old) => !named.some((period) => isOverlapping(old, period))), ...named];
    this.told.push(...named);
  }

  /** The stretches of time of which nothing said before this batch stands. */
  get replaced(): readonly Span[] {
    return this.told;
  }

  /** What this batch says in its end. */
  get standing(): readonly AnnouncedPeriod[] {
    return this.left;
  }
}

/** Half open: a period that ends when another begins leaves it alone. Instants in one form compare as text. */
function isOverlapping(one: Span, other: Span): boolean {
  return one.startsAt < other.endsAt && other.startsAt < one.endsAt;
}
