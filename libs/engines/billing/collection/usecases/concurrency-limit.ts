/** Calls to a provider take a second each: a few run at the same time, and none starts once the provider is unavailable. */

/** Fewer than the database has connections for, and far below the hundred per second that providers allow. */
const AT_ONCE = 6;
/** After this number of failed calls in a row, the next pass takes the rest. */
const PATIENCE = 2 * AT_ONCE;

export class Outage {
  private inARow = 0;

  note(hasAnswered: boolean): void {
    this.inARow = hasAnswered ? 0 : this.inARow + 1;
  }

  get hasBegun(): boolean {
    return this.inARow >= PATIENCE;
  }
}

/** Yields in the order in which the work ends. `work` never throws: a failure is a result. */
export async function* withConcurrencyLimit<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const iterator = items[Symbol.asyncIterator]();
  const underWay = new Map<symbol, Promise<readonly [symbol, Result]>>();
  for (let hasMore = true; ;) {
    while (hasMore && underWay.size < AT_ONCE) {
      const next = await iterator.next();
      hasMore = next.done !== true;
      if (next.done) break;
      const key = Symbol('work');
      underWay.set(
        key,
        work(next.value).then((result) => [key, result] as const),
      );
    }
    if (underWay.size === 0) return;
    const [key, result] = await Promise.race(underWay.values());
    underWay.delete(key);
    yield result;
  }
}
