/** The part of a relay or a worker that `drainUntilIdle` needs. */
interface Drainable {
  /** Does everything that can be done now; returns how much that was. */
  drain(): Promise<number>;
}

/**
 * Moves every event from the outbox through relay, streams, consumers and insights. It repeats the round, because engines emit
 * events as well, and returns when a whole round has found nothing to do. For tests that call relay and worker directly
 * instead of starting them.
 */
export async function drainUntilIdle(relay: Drainable, worker: Drainable): Promise<void> {
  for (;;) {
    const published = await relay.drain();
    const handled = await worker.drain();
    if (published + handled === 0) return;
  }
}
