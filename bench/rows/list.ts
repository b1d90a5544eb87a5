import { requestsPerSecond } from '../load.js';
import { rounds } from '../measure.js';
import { atLeast, perSecond, type Row } from '../row.js';
import { asOwner, type Stage } from '../stage.js';
import { headersOf, openStores } from '../stores.js';

const ROUNDS = 25;
const SECONDS = 1;
const STORES = 10;
const PRODUCTS = 1_000;
export const LIST = '/api/v1/products?limit=25';
/** Raises the limits that protect other stores, because here one caller is the whole load. */
export const NO_LIMITS = { RATE_LIMIT_PER_MINUTE: '100000000', TENANT_SOURCE: 'header' };

export const list: Row = {
  name: 'list',
  title: 'Authenticated list of 25 of a store’s 1,000 products, from PostgreSQL, 16 connections',
  async run(stage) {
    const { url, store, vertical } = await verticalOf(stage, 'list');
    const raw = await stage.process(
      'dist/bench/peers/raw-fastify.js',
      { DATABASE_URL: url, TENANT: store.tenant },
      '/health/ready',
    );
    const subjects = {
      ours: () => requestsPerSecond(vertical.origin + LIST, headersOf(store), SECONDS),
      raw: () => requestsPerSecond(raw.origin + LIST, {}, SECONDS),
    };
    await subjects.ours();
    await subjects.raw();
    const found = await rounds(ROUNDS, subjects);
    return [
      {
        work: this.title,
        ours: perSecond(found.median.ours),
        against: `raw Fastify + pg ${perSecond(found.median.raw)}`,
        ...atLeast(found.ratio('ours', 'raw'), 0.6),
      },
    ];
  },
};

export const isolation: Row = {
  name: 'isolation',
  title: 'The same list with tenant isolation on and off',
  async run(stage) {
    const on = await verticalOf(stage, 'isolation_on');
    const off = await verticalOf(stage, 'isolation_off', 'dist/bench/peers/unguarded-vertical.js');
    await asOwner(off.url, (owner) =>
      owner.query('alter table products disable row level security, no force row level security'),
    );
    const subjects = {
      on: () => requestsPerSecond(on.vertical.origin + LIST, headersOf(on.store), SECONDS),
      off: () => requestsPerSecond(off.vertical.origin + LIST, headersOf(off.store), SECONDS),
    };
    await subjects.on();
    await subjects.off();
    const found = await rounds(ROUNDS, subjects);
    return [
      {
        work: this.title,
        ours: perSecond(found.median.on),
        against: `off: no binding, no session check, no row security ${perSecond(found.median.off)}`,
        ...atLeast(found.ratio('on', 'off'), 0.75),
      },
    ];
  },
};

export async function verticalOf(stage: Stage, name: string, program = 'dist/apps/vertical/main.js') {
  const url = await stage.database(name);
  const [store] = await openStores(url, STORES, PRODUCTS);
  const environment = { DATABASE_URL: url, REDIS_URL: await stage.redis(0), ...NO_LIMITS };
  return { url, store: store!, vertical: await stage.process(program, environment, '/health/ready') };
}
