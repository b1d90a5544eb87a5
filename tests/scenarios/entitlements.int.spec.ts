/** A store at its limits, and one that has not paid: through the real server, with events as the worker applies them. */
import supertest from 'supertest';
import type { Envelope, EventContract, EventData } from '#contracts/event';
import { accessChanged, entitlementsChanged } from '#contracts/billing/events';
import { type MeterName } from '#contracts/meters';
import { getEntitlements, setUsageCap } from '#contracts/entitlements/operations';
import { newId } from '#kernel';
import { entitlementsProjection } from '#modules/entitlements/worker';
import { sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { type Answer, type Caller, startSystem, type System } from './system.js';

let system: System;
let engines: CrossTenantDatabase;
let acme: Caller;
let bolt: Caller;
const customers: Record<string, string> = {};

const DAY_MS = 86_400_000;
const period = {
  starts_at: new Date(Date.now() - DAY_MS).toISOString(),
  ends_at: new Date(Date.now() + DAY_MS).toISOString(),
};
const FULL = {
  sign_in: true,
  read: true,
  export: true,
  pay: true,
  write: true,
  metered_operations: true,
  webhooks_and_keys: true,
};
const SUSPENDED = { ...FULL, write: false, metered_operations: false, webhooks_and_keys: false };

beforeAll(async () => {
  system = await startSystem();
  engines = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_engines',
    application: 'entitlements-scenario',
  });
  [acme, bolt] = await Promise.all([system.as('acme', 'owner'), system.as('bolt', 'owner')]);
  for (const [slug, owner] of Object.entries({ acme, bolt }))
    customers[slug] = (await owner.post('/customers', { kind: 'company', name: 'Horizonte' })).body.id;
});
afterAll(async () => {
  await engines.close();
  await system.stop();
});

const versions = new Map<string, number>();

async function tell<Contract extends EventContract>(
  slug: 'acme' | 'bolt',
  contract: Contract,
  data: EventData<Contract>,
) {
  const tenant = system.tenants[slug];
  versions.set(slug, (versions.get(slug) ?? 0) + 1);
  const event: Envelope = {
    specversion: '1.0',
    id: newId(),
    source: 'basecommerce/engines-worker',
    type: contract.type,
    subject: `account/${tenant}`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: `${contract.type}/v${contract.version}`,
    tenantid: tenant,
    aggregateversion: versions.get(slug)!,
    actor: 'system:billing',
    data: contract.data.parse(data),
  };
  await engines.transaction((tx) => entitlementsProjection.apply(tx, [event]));
}

const limit = (slug: 'acme' | 'bolt', hard: Partial<Record<MeterName, number>>) =>
  tell(slug, entitlementsChanged, {
    plan: 'standard',
    periods: [
      {
        ...period,
        meters: Object.entries(hard).map(([meter, most]) => ({
          meter: meter as MeterName,
          included: most,
          soft: most,
          hard: most,
        })),
      },
    ],
  });

const access = (slug: 'acme' | 'bolt', allows: typeof FULL, to: 'active' | 'suspended') =>
  tell(slug, accessChanged, { from: 'grace', to, cause: 'grace_elapsed', allows, grace_ends_at: null });

const quote = (owner: Caller, slug: string, lines: object[] = []) =>
  owner.post('/quotes', { customer_id: customers[slug], lines });

async function numbers(slug: 'acme' | 'bolt'): Promise<string[]> {
  const rows = await engines.query(sql<{ number: string }>`
    select distinct data ->> 'number' as number from outbox_events
     where tenant_id = ${system.tenants[slug]} and type = 'quote.created' order by 1`);
  return rows.map((row) => row.number);
}

describe('a store at its limit', () => {
  it('is refused the next quote, with a problem that names the limit, and uses no number', async () => {
    await limit('acme', { quotes: 3 });
    for (let made = 0; made < 3; made += 1) expect((await quote(acme, 'acme')).status).toBe(201);
    const refused = await quote(acme, 'acme');
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused).toMatchObject({
      status: 402,
      body: {
        type: '/docs/errors#usage_limit_reached',
        title: 'usage limit reached',
        status: 402,
        code: 'usage_limit_reached',
        detail: 'The plan’s limit of 3 quotes in this period is reached.',
        meter: 'quotes',
        used: 3,
        limit: 3,
        limited_by: 'plan',
        period_ends_at: period.ends_at,
      },
    });
    await limit('acme', { quotes: 4 });
    expect((await quote(acme, 'acme')).body.number).toBe('COT-000004');
    expect(await numbers('acme')).toEqual(['COT-000001', 'COT-000002', 'COT-000003', 'COT-000004']);
  });

  it('can do everything else, and another store can do everything', async () => {
    const [{ id }] = (await acme.get('/quotes')).body.data;
    const terms = { customer_id: customers['acme'], discount_percent: '5', lines: [] };
    expect((await acme.put(`/quotes/${id}`, terms)).status).toBe(200);
    expect((await acme.post('/customers', { kind: 'person', name: 'Ana' })).status).toBe(201);
    expect((await quote(bolt, 'bolt')).status).toBe(201);
  });

  it('does not count a refused request, and counts a repeated one once', async () => {
    // One was made before the limit existed.
    await limit('bolt', { quotes: 3 });
    const unknown = '01931b6e-3c00-7a00-8000-000000000001';
    expect((await bolt.post('/quotes', { customer_id: unknown, lines: [] })).status).toBe(404);
    const key = { 'idempotency-key': 'import/1' };
    const body = { customer_id: customers['bolt'], lines: [] };
    const first = await bolt.post('/quotes', body, key);
    expect((await bolt.post('/quotes', body, key)).body.id).toBe(first.body.id);
    expect((await quote(bolt, 'bolt')).status).toBe(201);
    expect((await quote(bolt, 'bolt')).body.code).toBe('usage_limit_reached');
  });

  it('counts orders of every origin, and a quote whose order was refused can be converted later', async () => {
    const product = { code: 'CIM-50', name: 'Cimento', unit: 'H87', price: '32.00' };
    const { id: product_id } = (await acme.post('/products', product)).body;
    const lines = [{ product_id, quantity: '1' }];
    await limit('acme', { quotes: 100, orders: 1 });
    const { id } = (await quote(acme, 'acme', lines)).body;
    await acme.post(`/quotes/${id}/send`);
    await acme.post(`/quotes/${id}/accept`, { accepted_by: 'Ana' });
    const order = () => acme.post('/orders', { customer_id: customers['acme'], lines });
    expect((await order()).status).toBe(201);
    expect((await order()).body).toMatchObject({ code: 'usage_limit_reached', meter: 'orders', used: 1 });
    expect((await acme.post(`/quotes/${id}/convert`)).body.code).toBe('usage_limit_reached');
    expect((await acme.get(`/quotes/${id}`)).body.state).toBe('accepted');
    await limit('acme', { quotes: 100, orders: 2 });
    expect((await acme.post(`/quotes/${id}/convert`)).body.number).toBe('PED-000002');
    expect((await order()).body.code).toBe('usage_limit_reached');
  });

  it('does not count a new version under the same number', async () => {
    const before = (await acme.get('/usage')).body.data;
    const { id } = (await quote(acme, 'acme', [])).body;
    const { id: product_id } = (await acme.get('/products')).body.data[0];
    const terms = { customer_id: customers['acme'], lines: [{ product_id, quantity: '1' }] };
    await acme.put(`/quotes/${id}`, terms);
    await acme.post(`/quotes/${id}/send`);
    expect((await acme.post(`/quotes/${id}/revise`)).body.version).toBe(2);
    const after = (await acme.get('/usage')).body.data;
    const used = (list: { meter: string; used: number }[]) => list.find(({ meter }) => meter === 'quotes')!.used;
    expect(used(after)).toBe(used(before) + 1);
  });
});

describe('GET /usage', () => {
  it('shows limits, use and own cap of the running period, as documented', async () => {
    await limit('bolt', { quotes: 8, orders: 0 });
    await bolt.put('/usage/caps/quotes', { cap: 6 });
    const answer = await bolt.get('/usage');
    expect(getEntitlements.response.safeParse(answer.body)).toMatchObject({ success: true });
    const me = (await bolt.get('/auth/me')).body.id;
    const shared = { plan: 'standard', period };
    expect(answer.body.data).toEqual([
      { ...shared, meter: 'orders', included: 0, soft: 0, hard: 0, used: 0, percent: null, own_cap: null },
      {
        ...shared,
        meter: 'quotes',
        included: 8,
        soft: 8,
        hard: 8,
        used: 3,
        percent: 37,
        own_cap: { cap: 6, set_by: `user:${me}`, set_at: expect.any(String) },
      },
    ]);
    await bolt.put('/usage/caps/quotes', { cap: null });
  });

  it('is open to the roles that are responsible for the store’s bill; only owner and finance may set its own cap', async () => {
    const put = async (role: 'owner' | 'manager' | 'seller' | 'finance') =>
      (await (await system.as('bolt', role)).put('/usage/caps/quotes', { cap: 100 })).status;
    expect([await put('owner'), await put('finance'), await put('manager'), await put('seller')]).toEqual([
      200, 200, 403, 403,
    ]);
    expect((await (await system.as('bolt', 'manager')).get('/usage')).status).toBe(200);
    expect((await (await system.as('bolt', 'driver')).get('/usage')).status).toBe(403);
  });

  it('refuses an invalid cap and an unknown meter', async () => {
    for (const cap of [-1, 1.5, '5', undefined])
      expect((await bolt.put('/usage/caps/quotes', { cap })).body.code).toBe('validation_failed');
    expect((await bolt.put('/usage/caps/fax', { cap: 1 })).status).toBe(404);
  });
});

describe('a store that has not paid', () => {
  const remove = () =>
    supertest(system.app.getHttpServer())
      .delete('/api/v1/usage/caps/quotes')
      .set('host', bolt.host)
      .set('authorization', `Bearer ${bolt.token}`);

  it('is refused quotes and every other write, still reads, and writes again after it has paid', async () => {
    await access('bolt', SUSPENDED, 'suspended');
    const refused = await quote(bolt, 'bolt');
    expect(refused).toMatchObject({ status: 402, body: { code: 'tenant_suspended', status: 402 } });
    expect((await bolt.post('/customers', { kind: 'person', name: 'Ana' })).body.code).toBe('tenant_suspended');
    expect((await bolt.get('/quotes')).status).toBe(200);
    expect((await bolt.get('/usage')).status).toBe(200);
    expect((await acme.post('/customers', { kind: 'person', name: 'Ana' })).status).toBe(201);
    await access('bolt', FULL, 'active');
    expect((await quote(bolt, 'bolt')).status).toBe(201);
  });

  it('still signs in and out, and manages its bill', async () => {
    await access('bolt', SUSPENDED, 'suspended');
    const finance = await system.as('bolt', 'finance');
    const set = await finance.put('/usage/caps/quotes', { cap: 5 });
    expect(set).toMatchObject({ status: 200, body: { meter: 'quotes', own_cap: { cap: 5 } } });
    expect(setUsageCap.response.safeParse(set.body)).toMatchObject({ success: true });
    const removed = await remove().expect(200);
    expect(removed.body).toEqual({ meter: 'quotes', own_cap: null });
    expect((await finance.post('/auth/logout')).status).toBe(200);
    await access('bolt', FULL, 'active');
  });

  it('is refused only new quotes while metered operations are held', async () => {
    await access('bolt', { ...FULL, metered_operations: false }, 'active');
    expect(await quote(bolt, 'bolt')).toMatchObject({ status: 402, body: { code: 'metered_operations_held' } });
    expect((await bolt.post('/customers', { kind: 'person', name: 'Bia' })).status).toBe(201);
    await access('bolt', FULL, 'active');
    expect((await quote(bolt, 'bolt')).status).toBe(201);
  });
});

it('never deadlocks: quotes, orders and conversions at once, to the last unit of each', async () => {
  const product = { code: 'AREIA', name: 'Areia', unit: 'MTQ', price: '90.00' };
  const products = await Promise.all(
    [1, 2].map(async (nth) => (await acme.post('/products', { ...product, code: `AREIA-${nth}` })).body.id as string),
  );
  for (const product_id of products)
    await acme.post('/stock/movements', { product_id, kind: 'receive', quantity: '1000' });
  const lines = products.map((product_id) => ({ product_id, quantity: '1' }));
  const accepted = await Promise.all(
    Array.from({ length: 10 }, async (_, nth) => {
      const { id } = (await quote(acme, 'acme', nth % 2 ? lines : [...lines].reverse())).body;
      await acme.post(`/quotes/${id}/send`);
      await acme.post(`/quotes/${id}/accept`, { accepted_by: 'Ana' });
      return id as string;
    }),
  );
  const before = await used();
  await limit('acme', { quotes: before['quotes']! + 15, orders: before['orders']! + 20 });
  const deadlocks = await deadlocksSoFar();
  const answers = await Promise.all([
    ...Array.from({ length: 30 }, (_, nth) =>
      served(() => quote(acme, 'acme', nth % 2 ? lines : [...lines].reverse())),
    ),
    ...Array.from({ length: 30 }, (_, nth) =>
      served(() =>
        acme.post('/orders', { customer_id: customers['acme'], lines: nth % 2 ? lines : [...lines].reverse() }),
      ),
    ),
    ...accepted.map((id) => served(() => acme.post(`/quotes/${id}/convert`))),
  ]);
  expect(answers.map(({ status }) => status).filter((status) => status !== 402 && status !== 201)).toEqual([]);
  expect(answers.slice(0, 30).filter(({ status }) => status === 201)).toHaveLength(15);
  expect(answers.slice(30).filter(({ status }) => status === 201)).toHaveLength(20);
  expect(await used()).toEqual({ quotes: before['quotes']! + 15, orders: before['orders']! + 20 });
  expect(await deadlocksSoFar()).toBe(deadlocks);
});

/**
 * The answer to a call that is repeated while it is refused with 503. On a slow machine some of 70 calls at once wait longer for one
 * of the ten connections than the pool lets them; they have changed nothing, and a caller sends them again.
 */
async function served(call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await call();
    if (answer.status !== 503) return answer;
  }
}

async function used(): Promise<Record<string, number>> {
  const { data } = (await acme.get('/usage')).body as { data: { meter: string; used: number }[] };
  return Object.fromEntries(data.map(({ meter, used: units }) => [meter, units]));
}

async function deadlocksSoFar(): Promise<string> {
  const row = await engines.first(sql<{ deadlocks: string }>`
    select deadlocks::text as deadlocks from pg_stat_database where datname = current_database()`);
  return row!.deadlocks;
}
