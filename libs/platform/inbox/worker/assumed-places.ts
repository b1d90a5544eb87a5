/**
 * The places of aggregates as this process has left them, so that a batch can start before the gate has answered: it assumes
 * these places and checks them while it applies. The memory decides nothing. The gate's rows, read under the lease in the
 * same transaction, must confirm it. If they do not (because of another worker, a restart, a replay, or a commit that a crash
 * has undone), the batch is rolled back and processed by the gate.
 *
 * An aggregate that is not in memory is assumed to be new if its first event has version 1. After a wrong assumption nothing
 * is assumed for a second: the cause is usually a repetition, and more repeated events follow.
 */
import type { Arrival } from './event.js';
import { type Place, UNSEEN } from './gate.js';

/** Aggregates in memory, about 2 MB. An aggregate that is not among the last changed ones costs one more round trip. */
const REMEMBERED = 10_000;
const PAUSE_MS = 1_000;

export class AssumedPlaces {
  private readonly versions = new Map<string, number>();
  private pausedUntil = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A place for each aggregate, or undefined when one of them cannot be assumed. */
  placesOf(groups: ReadonlyMap<string, readonly Arrival[]>): Map<string, Place> | undefined {
    if (this.now() < this.pausedUntil) return undefined;
    const places = new Map<string, Place>();
    for (const [key, group] of groups) {
      const version = this.versions.get(key);
      if (version === undefined && group[0]!.version !== 1) return undefined;
      places.set(key, version === undefined ? UNSEEN : { version, waiting: undefined, isParked: false });
    }
    return places;
  }

  /** Remembers the place in which a committed batch has left an aggregate, unless an event of it waits or is parked. */
  learn(key: string, { version, waiting, isParked }: Place): void {
    this.versions.delete(key);
    if (waiting !== undefined || isParked) return;
    this.versions.set(key, version);
    if (this.versions.size > REMEMBERED) this.versions.delete(this.versions.keys().next().value!);
  }

  /** Called after a wrong assumption. */
  forget(): void {
    this.versions.clear();
    this.pausedUntil = this.now() + PAUSE_MS;
  }
}
