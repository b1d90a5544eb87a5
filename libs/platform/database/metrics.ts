/** The use of each pool of this process, read at each scrape. */
import type pg from 'pg';
import { gauge } from '#platform/telemetry';

const watched = new Map<pg.Pool, string>();

const FIGURES: readonly [name: string, help: string, read: (pool: pg.Pool) => number][] = [
  [
    'database_pool_in_use',
    'Connections that carry a statement or a transaction now',
    (p) => p.totalCount - p.idleCount,
  ],
  ['database_pool_idle', 'Connections that are open and free', (p) => p.idleCount],
  ['database_pool_waiting', 'Callers that wait for a connection', (p) => p.waitingCount],
  ['database_pool_max', 'Connections the pool may open', (p) => p.options.max],
];

for (const [name, help, read] of FIGURES) {
  gauge({
    name,
    help,
    labelNames: ['pool'],
    collect() {
      this.reset();
      for (const [pool, label] of watched) this.inc({ pool: label }, read(pool));
    },
  });
}

/** `name` is the one that pg_stat_activity shows, so that its connections can be found there. */
export function watchPool(pool: pg.Pool, name: string): void {
  for (const other of watched.keys()) if (other.ended) watched.delete(other);
  watched.set(pool, name);
}
