/**
 * How a writer wakes the relay: a PUBLISH after its commit. Not NOTIFY inside the transaction, because PostgreSQL
 * lets notifying transactions commit one at a time (figures in docs/adr/0011). A wake-up that is lost costs the
 * relay's polling interval, never an event.
 */
import type { Redis } from 'ioredis';
import type { StreamNames } from '#platform/streams';

/** Waits for a wake-up or a timeout, whichever is first; a wake-up that came before the wait counts. */
export class WakeSignal {
  private isSet = false;
  private waiter: (() => void) | undefined;

  set(): void {
    this.isSet = true;
    this.waiter?.();
  }

  /** True if a wake-up came since the last call. */
  take(): boolean {
    const wasSet = this.isSet;
    this.isSet = false;
    return wasSet;
  }

  async wait(milliseconds: number): Promise<void> {
    if (this.isSet || milliseconds <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.waiter = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.waiter = undefined;
  }
}

/** Subscribes now and after every reconnection; ioredis resubscribes by itself. */
export async function listenForWakes(subscriber: Redis, names: StreamNames, signal: WakeSignal): Promise<void> {
  subscriber.on('message', () => signal.set());
  // Whatever was said while the connection was away went unheard.
  subscriber.on('ready', () => signal.set());
  await subscriber.subscribe(names.wake);
}
