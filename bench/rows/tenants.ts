import { latencies } from '../load.js';
import { median, rounds } from '../measure.js';
import { atMost, type Row } from '../row.js';
import type { Stage } from '../stage.js';
import { headersOf, openStores } from '../stores.js';
import { NO_LIMITS } from './list.js';

const FEW = 10;
const MANY = 10_000;
const PRODUCTS = 50;
const REQUESTS = 500;
/**
 * Many short rounds, because the machine's speed changes within seconds: in rounds of four thousand requests, ten
 * stores differed from ten others by up to 8 %.
 */
const ROUNDS = 61;

export const tenants: Row = {
  name: 'tenants',
  title: `The list with ${FEW} and with ${MANY.toLocaleString('en')} stores of ${PRODUCTS} products, each request for another store`,
  async run(stage) {
    const few = await p50Of(stage, 'tenants_few', FEW);
    const many = await p50Of(stage, 'tenants_many', MANY);
    // Twice, so that each store's rows have been read once: the row compares numbers of stores, not cold caches.
    for (let warm = 0; warm < (2 * MANY) / REQUESTS; warm++) {
      await few();
      await many();
    }
    const found = await rounds(ROUNDS, { few, many });
    return [
      {
        work: this.title,
        ours: `p50 ${found.median.many.toFixed(2)} ms`,
        against: `itself with ${FEW} stores: p50 ${found.median.few.toFixed(2)} ms`,
        ...atMost(found.ratio('many', 'few'), 1.1),
      },
    ];
  },
};

async function p50Of(stage: Stage, name: string, count: number): Promise<() => Promise<number>> {
  const url = await stage.database(name);
  const headers = (await openStores(url, count, PRODUCTS)).map(headersOf);
  const environment = { DATABASE_URL: url, REDIS_URL: await stage.redis(0), ...NO_LIMITS };
  const { origin } = await stage.process('dist/apps/vertical/main.js', environment, '/health/ready');
  let turn = 0;
  return async () =>
    median(
      await latencies(origin, REQUESTS, 2, () => ({
        path: '/api/v1/products?limit=25',
        headers: headers[(turn++ * 7_919) % count]!,
      })),
    );
}
