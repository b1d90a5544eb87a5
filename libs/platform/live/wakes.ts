/** Signals of other processes over Redis after a commit: a JSON array of tenant ids, or an empty message for all tenants. */
import type { Redis } from 'ioredis';
import type { StreamNames } from '#platform/streams';
import type { Wakes } from './live-feeds.js';

/** `subscriber` must be a separate connection, because a subscribed connection accepts no other commands. */
export function streamWakes(subscriber: Redis, names: Pick<StreamNames, 'wake'>): Wakes {
  return {
    onWake(listener) {
      subscriber.on('message', (_channel: string, message: string) => listener(tenantsOf(message)));
      const subscribe = () => {
        // A failed subscription is repeated at the next connection. Until then the feeds read every two seconds.
        subscriber.subscribe(names.wake).catch(() => undefined);
        // Messages that were sent while the connection was down are lost.
        listener('all');
      };
      subscriber.on('ready', subscribe);
      if (subscriber.status === 'ready') subscribe();
    },
  };
}

export function tenantsOf(message: string): readonly string[] | 'all' {
  try {
    const tenants: unknown = JSON.parse(message);
    return Array.isArray(tenants) ? tenants.filter((tenant) => typeof tenant === 'string') : 'all';
  } catch {
    return 'all';
  }
}
