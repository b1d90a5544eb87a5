/**
 * Says after a commit that there are new events. At most one PUBLISH is under way at a time and at least a millisecond
 * lies between two, so a burst of commits costs a handful of them. Redis being away is not the writer's trouble: the
 * relay polls, too.
 */
import type { Redis } from 'ioredis';
import type { StreamNames } from '#platform/streams';
import { OUTBOX_SIGNAL } from './emit.js';

const PAUSE_MS = 1;

/** The part of a database that announces commits. */
interface Announcer {
  readonly signals: { on(topic: string, listener: () => void): () => void };
}

export class OutboxWaker {
  private isBusy = false;
  private isWanted = false;
  private readonly off: () => void;

  constructor(
    database: Announcer,
    private readonly redis: Redis,
    private readonly names: Pick<StreamNames, 'wake'>,
  ) {
    this.off = database.signals.on(OUTBOX_SIGNAL, () => this.wake());
  }

  close(): void {
    this.off();
  }

  private wake(): void {
    this.isWanted = true;
    if (!this.isBusy) void this.say();
  }

  private async say(): Promise<void> {
    this.isBusy = true;
    while (this.isWanted) {
      this.isWanted = false;
      // A connection that is not up would queue the command and repeat old news later.
      if (this.redis.status === 'ready') await this.redis.publish(this.names.wake, '').catch(() => 0);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    this.isBusy = false;
  }
}
