/**
 * Publishes after a commit which tenants have new events: a JSON array of tenant ids, or an empty message when they are too
 * many to list. At most one PUBLISH runs at a time, and commits that happen meanwhile share the next one, so a busy process
 * sends fewer messages per commit. (A pause of a millisecond between two messages delayed every second event by as much.)
 * When Redis is unavailable the message is dropped, because the relay also polls.
 */
import type { Redis } from 'ioredis';
import type { StreamNames } from '#platform/streams';
import { OUTBOX_SIGNAL } from './emit.js';

const MOST_TENANTS = 500;

/** The part of a database that announces commits. */
interface Announcer {
  readonly signals: { on(topic: string, listener: (tenant: string) => void): () => void };
}

export class OutboxWaker {
  private isBusy = false;
  private readonly tenants = new Set<string>();
  private readonly off: () => void;

  constructor(
    database: Announcer,
    private readonly redis: Redis,
    private readonly names: Pick<StreamNames, 'wake'>,
  ) {
    this.off = database.signals.on(OUTBOX_SIGNAL, (tenant) => this.wake(tenant));
  }

  close(): void {
    this.off();
  }

  private wake(tenant: string): void {
    this.tenants.add(tenant);
    if (!this.isBusy) void this.publish();
  }

  private async publish(): Promise<void> {
    this.isBusy = true;
    while (this.tenants.size > 0) {
      const message = this.tenants.size > MOST_TENANTS ? '' : JSON.stringify([...this.tenants]);
      this.tenants.clear();
      // A connection that is not ready would queue the command and send an outdated message later.
      if (this.redis.status === 'ready') await this.redis.publish(this.names.wake, message).catch(() => 0);
    }
    this.isBusy = false;
  }
}
