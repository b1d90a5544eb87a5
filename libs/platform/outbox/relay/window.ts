/**
 * The events in Redis that no consumer has taken yet. The relay keeps their number small, so that an event of a quiet tenant
 * waits behind the window and not behind the backlog of a noisy tenant. The most advanced group counts, so that a consumer
 * that has stopped does not hold up the others.
 */
import { compareIds, type EntryId, furthestDelivered, type NewEntry, type StreamPlace } from '#platform/streams';

export interface WindowLimits {
  readonly total: number;
  readonly perPartition: number;
}

interface Untaken {
  readonly id: EntryId;
  readonly count: number;
}

export class Window {
  private readonly untaken: Untaken[][];
  private readonly counts: number[];
  private total = 0;

  constructor(
    partitions: number,
    private readonly limits: WindowLimits,
  ) {
    this.untaken = Array.from({ length: partitions }, () => []);
    this.counts = Array.from({ length: partitions }, () => 0);
  }

  get room(): number {
    return Math.max(0, this.limits.total - this.total);
  }

  get isTight(): boolean {
    return this.total > this.limits.total / 2;
  }

  get isEmpty(): boolean {
    return this.total === 0;
  }

  roomOf(partition: number): number {
    return Math.max(0, this.limits.perPartition - this.counts[partition]!);
  }

  added(entries: readonly NewEntry[], ids: readonly EntryId[]): void {
    entries.forEach(({ partition, count }, index) => {
      this.untaken[partition]!.push({ id: ids[index]!, count });
      this.counts[partition]! += count;
      this.total += count;
    });
  }

  observed(places: readonly StreamPlace[]): void {
    places.forEach((place, partition) => {
      const queue = this.untaken[partition]!;
      const furthest = furthestDelivered(place);
      // Ids only grow. A stream whose last id is below ours was emptied, and no entry of it is left to take.
      const isGone = queue.length > 0 && compareIds(place.last, queue.at(-1)!.id) < 0;
      let taken = 0;
      while (taken < queue.length && (isGone || compareIds(queue[taken]!.id, furthest) <= 0)) {
        this.counts[partition]! -= queue[taken]!.count;
        this.total -= queue[taken]!.count;
        taken += 1;
      }
      queue.splice(0, taken);
    });
  }
}

/** Joins packs of the same partition into entries of up to `limit` events. The order within a partition is kept. */
export function entriesOf(
  packs: readonly { partition: number; count: number; events: string }[],
  limit: number,
): NewEntry[] {
  const open = new Map<number, { count: number; parts: string[] }>();
  const entries: NewEntry[] = [];
  const close = (partition: number, entry: { count: number; parts: string[] }) =>
    entries.push({ partition, count: entry.count, events: entry.parts.join(',') });
  for (const { partition, count, events } of packs) {
    let entry = open.get(partition);
    if (entry && entry.count + count > limit) {
      close(partition, entry);
      entry = undefined;
    }
    if (!entry) open.set(partition, (entry = { count: 0, parts: [] }));
    entry.count += count;
    entry.parts.push(events);
  }
  for (const [partition, entry] of open) close(partition, entry);
  return entries;
}
