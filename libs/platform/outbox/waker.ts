/**
 * Says after a commit that there are new events, and whose: a JSON array of tenant ids, or nothing when they are too many
 * to list. At most one PUBLISH is under way at a time, and commits that come meanwhile share the next one: the busier the
 * process, the fewer there are. (A pause of a millisecond between two cost every second event as much.) Redis being away
 * is not the writer's trouble: the relay polls, too.
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
    if (!this.isBusy) void this.say();
  }

  private async say(): Promise<void> {
    this.isBusy = true;
    while (this.tenants.size > 0) {
      const message = this.tenants.size > MOST_TENANTS ? '' : JSON.stringify([...this.tenants]);
      this.tenants.clear();
      // A connection that is not up would queue the command and repeat old news later.
      if (this.redis.status === 'ready') await this.redis.publish(this.names.wake, message).catch(() => 0);
    }
    this.isBusy = false;
  }
}
