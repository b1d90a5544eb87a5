/** Entries as the consumer loop names, counts and groups them. */
import type { StreamEntry } from '#platform/streams';

/** Events of one transaction. Twice as many gained 4 % throughput and doubled the wait of a quiet tenant. */
export const BATCH_EVENTS = 1_000;

export function nameOf(entry: StreamEntry): string {
  return `${entry.partition}/${entry.id}`;
}

export function countOf(entries: readonly StreamEntry[]): number {
  return entries.reduce((sum, entry) => sum + entry.count, 0);
}

/** Entries in order, in batches of about BATCH_EVENTS events. */
export function batchesOf(entries: readonly StreamEntry[]): StreamEntry[][] {
  const batches: StreamEntry[][] = [];
  let size = Infinity;
  for (const entry of entries) {
    if (size + entry.count > BATCH_EVENTS) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)!.push(entry);
    size += entry.count;
  }
  return batches;
}
