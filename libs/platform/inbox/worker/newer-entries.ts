/**
 * The entries of a recovery epoch that this worker does not know. A relay publishes in an epoch only after PostgreSQL has it.
 * So the epoch is invented if this worker still does not know it after it asked PostgreSQL later than it first saw the entry.
 */
export class NewerEntries {
  /** Name of the entry → when it was first seen, as `performance.now()`. */
  private readonly seen = new Map<string, number>();

  /** `renewedAt`: when this worker last asked PostgreSQL for the epoch and got an answer. */
  isInvented(name: string, renewedAt: number, now = performance.now()): boolean {
    const since = this.seen.get(name);
    if (since === undefined) {
      // The limit bounds the memory. Entries that are forgotten only wait for one more renewal.
      if (this.seen.size >= MOST_ENTRIES) this.seen.clear();
      this.seen.set(name, now);
      return false;
    }
    if (renewedAt <= since) return false;
    this.seen.delete(name);
    return true;
  }
}

const MOST_ENTRIES = 10_000;
