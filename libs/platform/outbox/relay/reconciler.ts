/**
 * Brings back what Redis lost. Redis is transport, not storage: a flush, a failover that lost its last second, an evicted
 * key or a trimmed entry may take away events that were published and not applied.
 *
 * Per engine, again and again:
 *
 *   1. take a *frontier*: the position P (everything visible in it is published) and the last id of every stream;
 *   2. wait until the engine's group has handled every stream up to the frontier. A stream whose last id is now
 *      below it has been emptied: there is nothing left to wait for;
 *   3. check the outbox rows between the last confirmed snapshot and P against inbox, deferred and failed events. What is
 *      in none of them was lost: publish it again and start over. If nothing is missing, P is confirmed.
 *
 * Each row is looked at once in ordinary times, an engine that stands still is waited for instead of being flooded with
 * repetitions, and no delay has to be guessed: handled and not recorded means lost.
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

/** Whether the group at `index` has nothing left to handle of what was in the streams at the frontier. */
export function isReached(frontier: Frontier, places: readonly StreamPlace[], index: number): boolean {
  return places.every((place, partition) => {
    const last = frontier.last[partition]!;
    return compareIds(place.last, last) < 0 || hasHandled(place.groups[index]!, last);
  });
}

const CAPACITY_PAUSE_MS = 10;
/** Between chunks: in one go, the check of a busy second would hold up the events of the next one for 5 to 10 ms. */
const CHUNK_PAUSE_MS = 4;
/**
 * Rows of one chunk. The first ones are small, so that a quiet system's events wait half a millisecond behind them at most;
 * whoever is a million rows behind soon reads as many at a time as is cheapest.
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
   * One round over all engines; resolves with the number of events it published again. `isAlive` ends it early. Everything
   * visible in `position` must have been published before `places` were looked at.
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
