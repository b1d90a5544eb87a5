/**
 * Where aggregates stand, as this process has left them, so that a batch need not ask before it applies: it assumes a place,
 * and asks while it applies. What is remembered decides nothing. The gate's own rows, read under the lease in the same
 * transaction, have to confirm it; if they do not (another worker, a restart, a replay, a commit that a crash took back),
 * the batch is rolled back and done again by the gate.
 *
 * An aggregate nobody remembers is assumed to be new if its first event is the first version. After a wrong guess nothing
 * is assumed for a moment: what comes then is a repetition, and there will be more of it.
 */
import type { Arrival } from './event.js';
import { type Place, UNSEEN } from './gate.js';

/** About 2 MB. Who is not among the last of an engine to change costs one round trip more. */
const REMEMBERED = 10_000;
const WARY_MS = 1_000;

export class AssumedPlaces {
  private readonly versions = new Map<string, number>();
  private waryUntil = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** A place for each aggregate, or undefined when one of them is not to be guessed. */
  placesOf(groups: ReadonlyMap<string, readonly Arrival[]>): Map<string, Place> | undefined {
    if (this.now() < this.waryUntil) return undefined;
    const places = new Map<string, Place>();
    for (const [key, group] of groups) {
      const version = this.versions.get(key);
      if (version === undefined && group[0]!.version !== 1) return undefined;
      places.set(key, version === undefined ? UNSEEN : { version, waiting: undefined, isParked: false });
    }
    return places;
  }

  /** Where a committed batch has left an aggregate. One that something waits for is always asked about. */
  learn(key: string, { version, waiting, isParked }: Place): void {
    this.versions.delete(key);
    if (waiting !== undefined || isParked) return;
    this.versions.set(key, version);
    if (this.versions.size > REMEMBERED) this.versions.delete(this.versions.keys().next().value!);
  }

  /** A guess was wrong. */
  forget(): void {
    this.versions.clear();
    this.waryUntil = this.now() + WARY_MS;
  }
}
