/** What is needed of a relay and a worker to bring everything to rest. */
interface Drainable {
  /** Does everything it can do now; returns how much that was. */
  drain(): Promise<number>;
}

/**
 * Brings everything to rest without waiting for anything: outbox → relay → streams → engines → insights, round by round, as
 * engines write events of their own, until a whole round has found nothing to do. For tests whose relay and worker are
 * not started but driven.
 */
export async function drainUntilIdle(relay: Drainable, worker: Drainable): Promise<void> {
  for (;;) {
    const published = await relay.drain();
    const handled = await worker.drain();
    if (published + handled === 0) return;
  }
}
