/** The feeds of this process, one per tenant with an open stream, and the signals that wake them. */
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { errorTable, type TenantId } from '#kernel';
import { TenantDatabase } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { OUTBOX_SIGNAL } from '#platform/outbox';
import { TenantFeed } from './tenant-feed.js';

const errors = errorTable({
  too_many_streams: ['too_many_requests', 'Too many live streams are open; close one, or come back later.'],
  shutting_down: ['unavailable', 'This process is about to stop; come back in a moment.'],
});

const STREAMS_PER_TENANT = 100;
const STREAMS_PER_PROCESS = 5_000;
const ACTOR = { id: 'system:live' };

/** A source of signals that name the tenants for which other processes have committed events. */
export interface Wakes {
  onWake(listener: (tenants: readonly string[] | 'all') => void): void;
}

@Injectable()
export class LiveFeeds implements BeforeApplicationShutdown {
  private readonly feeds = new Map<TenantId, TenantFeed>();
  private isStopping = false;

  constructor(
    @Inject(TenantDatabase) private readonly database: TenantDatabase,
    @Inject(CrossTenantDatabase) crossing: CrossTenantDatabase,
  ) {
    for (const { signals } of [database, crossing])
      signals.on(OUTBOX_SIGNAL, (tenant) => this.feeds.get(tenant as TenantId)?.wake());
  }

  /** Connects a source of signals. Without one, the events of other processes are found at the next tick. */
  wokenBy(wakes: Wakes): void {
    wakes.onWake((tenants) => {
      if (tenants === 'all') for (const feed of this.feeds.values()) feed.wake();
      else for (const tenant of tenants) this.feeds.get(tenant as TenantId)?.wake();
    });
  }

  get openStreams(): number {
    return [...this.feeds.values()].reduce((sum, feed) => sum + feed.size, 0);
  }

  /** The tenant's feed. Throws `too_many_streams` when the tenant or the process has too many, or `shutting_down`. */
  feedOf(tenant: TenantId): TenantFeed {
    if (this.isStopping) throw errors.shutting_down({ retryAfterSeconds: 2 });
    const present = this.feeds.get(tenant);
    if ((present?.size ?? 0) >= STREAMS_PER_TENANT || this.openStreams >= STREAMS_PER_PROCESS)
      throw errors.too_many_streams({ retryAfterSeconds: 10 });
    if (present) return present;
    const feed = new TenantFeed(this.database, { tenant, actor: ACTOR }, () => this.feeds.delete(tenant));
    this.feeds.set(tenant, feed);
    return feed;
  }

  /** Runs before the server closes, because the server waits for open connections, and streams do not end by themselves. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const feed of this.feeds.values()) feed.close();
  }
}
