/** What the other processes say over Redis after a commit: a JSON array of tenant ids, or nothing to mean any of them. */
import type { Redis } from 'ioredis';
import type { StreamNames } from '#platform/streams';
import type { Wakes } from './live-feeds.js';

/** `subscriber` is a connection of its own: one that subscribes can do nothing else. */
export function streamWakes(subscriber: Redis, names: Pick<StreamNames, 'wake'>): Wakes {
  return {
    onWake(listener) {
      subscriber.on('message', (_channel: string, message: string) => listener(tenantsOf(message)));
      const subscribe = () => {
        // A subscription that fails is made at the next connection; until then the feeds look every two seconds.
        subscriber.subscribe(names.wake).catch(() => undefined);
        // What was said while the connection was away went unheard.
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
