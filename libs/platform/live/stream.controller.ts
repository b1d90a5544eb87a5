/** `GET /stream`: the store's events. It is guarded like every operation; then the feed takes over the connection. */
import { Controller, Inject } from '@nestjs/common';
import { stream } from '#contracts/live/operations';
import { TenantDatabase } from '#platform/database';
import { type CallOf, Handle } from '#platform/http';
import { LiveFeeds } from './live-feeds.js';
import { Listener } from './listener.js';
import { positionOf } from './position.js';
import { stillAdmitted } from './tenant-feed.js';

@Controller()
export class StreamController {
  constructor(
    @Inject(TenantDatabase) private readonly database: TenantDatabase,
    @Inject(LiveFeeds) private readonly feeds: LiveFeeds,
  ) {}

  @Handle(stream)
  async stream(call: CallOf<typeof stream>) {
    const { tenant, scope } = call;
    const lastId = call.header('last-event-id');
    const from = lastId ? (positionOf(lastId) ?? 'too long ago') : 'now';
    const review = () => this.database.read(scope, stillAdmitted);
    // Checked before the connection is taken over, so that a refusal is an ordinary response.
    await review();
    const feed = this.feeds.feedOf(tenant.id);
    feed.join({ listener: new Listener(call.takeOver(), review), scope, from });
    return '';
  }
}
