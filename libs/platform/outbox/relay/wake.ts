/**
 * A writer wakes the relay with a PUBLISH after its commit. NOTIFY inside the transaction is not used, because PostgreSQL
 * lets notifying transactions commit only one at a time (figures in docs/adr/0011). If a wake-up is lost, the event waits for
 * the relay's polling interval; no event is lost.
 */
import type { Redis } from 'ioredis';
import type { StreamNames } from '#platform/streams';

/** Waits for a wake-up or a timeout, whichever is first. A wake-up that arrived before the wait also ends it. */
export class WakeSignal {
  private isSet = false;
  private waiter: (() => void) | undefined;

  set(): void {
    this.isSet = true;
    this.waiter?.();
  }

  /** True if a wake-up has arrived since the last call. */
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

/** Subscribes once; ioredis subscribes again after every reconnection. */
export async function listenForWakes(subscriber: Redis, names: StreamNames, signal: WakeSignal): Promise<void> {
  subscriber.on('message', () => signal.set());
  // Messages that were sent while the connection was down are lost.
  subscriber.on('ready', () => signal.set());
  await subscriber.subscribe(names.wake);
}
