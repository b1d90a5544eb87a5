/**
 * The stores with the most requests, to find the source of a load. A counter for every store would make thousands of
 * series that never end; this exports the first few of one minute, for any number of stores.
 */
const MINUTE_MS = 60_000;
const SHOWN = 10;

export class BusiestTenants {
  private counting = new Map<string, number>();
  private finished = new Map<string, number>();
  private since: number;

  constructor(private readonly clock: () => number = () => performance.now()) {
    this.since = clock();
  }

  count(slug: string): void {
    this.turn();
    this.counting.set(slug, (this.counting.get(slug) ?? 0) + 1);
  }

  /** The counts of the last full minute. */
  top(): Readonly<Record<string, number>> {
    this.turn();
    const ranked = [...this.finished].sort(([, a], [, b]) => b - a);
    return Object.fromEntries(ranked.slice(0, SHOWN));
  }

  private turn(): void {
    const minutes = Math.floor((this.clock() - this.since) / MINUTE_MS);
    if (minutes < 1) return;
    this.finished = minutes === 1 ? this.counting : new Map<string, number>();
    this.counting = new Map();
    this.since += minutes * MINUTE_MS;
  }
}
