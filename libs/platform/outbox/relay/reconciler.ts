/**
 * Publishes again what Redis lost. Redis is transport, not storage: a flush, a failover that lost its last second, an evicted
 * key or a trimmed entry may remove events that were published and not yet applied.
 *
 * For each consumer, repeatedly:
 *
 *   1. Take a *frontier*: the position P (every event visible in it is published) and the last id of every stream.
 *   2. Wait until the consumer's group has handled every stream up to the frontier. A stream whose last id is now
 *      below the frontier has been emptied, and there is nothing left to wait for.
 *   3. Compare the outbox rows between the last confirmed snapshot and P with the inbox, the deferred and the failed events.
 *      A row that is in none of them was lost: publish it again and start over. If no row is missing, P is confirmed.
 *
 * In normal operation each row is compared once. A consumer that has stopped is waited for and not flooded with repetitions.
 * No delay has to be guessed: an event whose stream entry was handled and that was not recorded is lost.
 */
import type { StreamPlace } from '#platform/streams';
import { compareIds, type EntryId, hasHandled } from '#platform/streams';
import type { Backlog, Key } from './backlog.js';
import { repeatedEvents } from './metrics.js';
import { BEGINNING, type RelayRepository } from './relay-repository.js';

export interface Frontier {
  readonly snapshot: string;
  readonly last: readonly EntryId[];
}

export type Subscriptions = Readonly<Record<string, readonly string[]>>;

/** Whether the group at `index` has handled every entry that was in the streams at the frontier. */
export function isReached(frontier: Frontier, places: readonly StreamPlace[], index: number): boolean {
  return places.every((place, partition) => {
    const last = frontier.last[partition]!;
    return compareIds(place.last, last) < 0 || hasHandled(place.groups[index]!, last);
  });
}

const CAPACITY_PAUSE_MS = 10;
/** The pause between chunks. Without it, the check of a busy second delays the events of the next one by 5 to 10 ms. */
const CHUNK_PAUSE_MS = 4;
/**
 * Rows of one chunk. The first chunks are small, so that in a quiet system an event waits at most half a millisecond behind
 * one. A consumer that is a million rows behind soon reads chunks of the cheapest size.
 */
const SMALLEST_CHUNK = 50;
const LARGEST_CHUNK = 1_000;
const SMALL_CHUNKS = 40;

export class Reconciler {
  private readonly consumers: string[];
  private readonly frontiers = new Map<string, Frontier>();

  private constructor(
    private readonly repository: RelayRepository,
    private readonly subscriptions: Subscriptions,
    private readonly confirmed: Map<string, string>,
    private readonly hasRoom: () => boolean,
    private readonly backlog: Backlog,
    private readonly token: bigint,
  ) {
    this.consumers = Object.keys(subscriptions);
  }

  static async begin(
    repository: RelayRepository,
    subscriptions: Subscriptions,
    hasRoom: () => boolean,
    backlog: Backlog,
    token: bigint,
  ): Promise<Reconciler> {
    return new Reconciler(repository, subscriptions, await repository.confirmations(), hasRoom, backlog, token);
  }

  /**
   * One round over all consumers; resolves with the number of events it published again. It ends early when `isAlive` returns
   * false. Every event visible in `position` must have been published before `places` was read.
   */
  async round(position: string, places: readonly StreamPlace[], isAlive: () => boolean): Promise<number> {
    let repeated = 0;
    for (const [index, consumer] of this.consumers.entries()) {
      const frontier = this.frontiers.get(consumer) ?? { snapshot: position, last: places.map((place) => place.last) };
      this.frontiers.set(consumer, frontier);
      if (!isAlive() || !isReached(frontier, places, index)) continue;
      this.frontiers.delete(consumer);
      if (frontier.snapshot !== this.confirmed.get(consumer))
        repeated += await this.check(consumer, frontier.snapshot, isAlive);
    }
    return repeated;
  }

  private async check(consumer: string, until: string, isAlive: () => boolean): Promise<number> {
    const since = this.confirmed.get(consumer) ?? BEGINNING.text;
    let after: Key | undefined;
    let missing = 0;
    let chunks = 0;
    do {
      while (!this.hasRoom()) {
        await new Promise((resolve) => setTimeout(resolve, CAPACITY_PAUSE_MS));
        if (!isAlive()) return missing;
      }
      const limit = chunks++ < SMALL_CHUNKS ? SMALLEST_CHUNK : LARGEST_CHUNK;
      const aggregates = this.subscriptions[consumer]!;
      const chunk = await this.repository.missing({ consumer, aggregates, since, until, after, limit });
      this.backlog.repeat(chunk.packs);
      missing += chunk.packs.reduce((sum, pack) => sum + pack.count, 0);
      after = chunk.next;
      if (after) await new Promise((resolve) => setTimeout(resolve, CHUNK_PAUSE_MS));
    } while (after && isAlive());
    if (missing > 0) repeatedEvents.inc({ engine: consumer }, missing);
    else if (isAlive() && (await this.repository.saveConfirmation(this.token, consumer, until)))
      this.confirmed.set(consumer, until);
    return missing;
  }
}
