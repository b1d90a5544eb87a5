/**
 * Every tenant operation there is, attacked from another store. The list comes from the handled operations themselves:
 * a new one that is not told how to be called fails here until it is.
 */
import { handledOperations } from '#platform/http';
import { newId } from '#kernel';
import { json, sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { type Answer, type Caller, startSystem, type System } from '../scenarios/system.js';

let system: System;
let acme: Caller;
let bolt: Caller;
let foreign: Record<string, string>;

beforeAll(async () => {
  system = await startSystem();
  [acme, bolt] = await Promise.all([system.as('acme', 'owner'), system.as('bolt', 'owner')]);
  foreign = await furnish(acme);
});
afterAll(() => system.stop());

/** One of everything, by the first path segment that names it. */
async function furnish(owner: Caller): Promise<Record<string, string>> {
  const product = (
    await owner.post('/products', { code: 'SECRET-1', name: 'SECRET product', unit: 'H87', price: '32.00' })
  ).body.id;
  await owner.post('/stock/movements', { product_id: product, kind: 'receive', quantity: '100', reason: 'SECRET' });
  const customer = (await owner.post('/customers', { kind: 'company', name: 'SECRET customer' })).body.id;
  const site = (await owner.post('/sites', { customer_id: customer, name: 'SECRET site', address: 'SECRET' })).body.id;
  const quote = (
    await owner.post('/quotes', { customer_id: customer, lines: [{ product_id: product, quantity: '1' }] })
  ).body.id;
  const order = (
    await owner.post('/orders', { customer_id: customer, lines: [{ product_id: product, quantity: '1' }] })
  ).body.id;
  const user = (await owner.get('/auth/me')).body.id;
  const insight = await advise(user);
  return {
    products: product,
    stock: product,
    customers: customer,
    sites: site,
    quotes: quote,
    orders: order,
    users: user,
    insights: insight,
  };
}

/** An insight for the store of this person, as its engine would write it. */
async function advise(userId: string): Promise<string> {
  const engines = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_engines',
    application: 'test',
  });
  const operator = await system.crossing.first(
    sql<{ tenant_id: string }>`select tenant_id from users where id = ${userId}`,
  );
  const id = newId();
  await engines.execute(sql`
    insert into insights (tenant_id, id, engine, kind, subject, episode, state, priority, figures, action, basis, measure, opened_at, changed_at)
    values (${operator!.tenant_id}, ${id}, 'stock', 'idle', ${`product/${newId()}`}, 1, 'open', 50, ${json({ name: 'SECRET insight' })}, ${json({})},
            'SECRET', 1, now(), now())`);
  await engines.close();
  return id;
}

/** A body each operation on one item takes, so that it gets past validation to the item itself. */
const BODIES: Record<string, object> = {
  changeProduct: { name: 'mine now' },
  changeCustomer: { name: 'mine now' },
  changeSite: { name: 'mine now' },
  changeQuote: { customer_id: newId(), lines: [] },
  sendQuote: {},
  acceptQuote: { accepted_by: 'thief' },
  declineQuote: {},
  cancelQuote: {},
  reviseQuote: {},
  convertQuote: {},
  changeOrderStatus: { status: 'cancelled' },
  changeUser: { is_active: false },
  insightDone: {},
  insightNotNow: {},
  insightWrong: {},
  setUsageCap: { cap: 1 },
  removeUsageCap: {},
};

const operations = () =>
  handledOperations().filter((operation) => operation.audience === 'tenant' && operation.access !== 'public');

describe('another store', () => {
  it('is told the same about a foreign thing as about one that does not exist, by every operation on an item', async () => {
    const items = operations().filter((operation) => operation.path.includes('/:'));
    expect(items.length).toBeGreaterThan(15);
    for (const operation of items) {
      const id = foreign[operation.path.split('/')[1]!] ?? newId();
      if (operation.method !== 'GET') expect(Object.keys(BODIES)).toContain(operation.id);
      const call = (target: string) =>
        send(bolt, operation.method, operation.path.replace(/:\w+/, target), BODIES[operation.id]);
      const [theirs, nobodys] = [await call(id), await call(newId())];
      expect({ operation: operation.id, ...shown(theirs) }).toEqual({ operation: operation.id, ...shown(nobodys) });
      expect({ operation: operation.id, status: theirs.status }).toEqual({ operation: operation.id, status: 404 });
    }
  });

  it('finds nothing of theirs in any list', async () => {
    const lists = operations().filter(
      (operation) => operation.method === 'GET' && !operation.path.includes(':') && operation.id !== 'stream',
    );
    expect(lists.length).toBeGreaterThan(7);
    for (const operation of lists) {
      const answer = await bolt.get(operation.path);
      expect({ operation: operation.id, status: answer.status }).toEqual({ operation: operation.id, status: 200 });
      const text = JSON.stringify(answer.body);
      for (const secret of [...Object.values(foreign), 'SECRET', system.tenants.acme]) {
        expect({ operation: operation.id, leaks: text.includes(secret) }).toEqual({
          operation: operation.id,
          leaks: false,
        });
      }
    }
    // The same lists do show it to its owner, so the search above would have found it.
    expect(JSON.stringify((await acme.get('/products')).body)).toContain('SECRET');
  });

  it('cannot weave foreign things into its own', async () => {
    const mine = await furnish(bolt).catch(() => undefined);
    const own = { customer: mine!['customers']!, product: mine!['products']! };
    const attempts: [string, object, string][] = [
      ['/quotes', { customer_id: foreign['customers'], lines: [] }, 'customer_not_found'],
      ['/quotes', { customer_id: own.customer, site_id: foreign['sites'], lines: [] }, 'site_not_found'],
      [
        '/quotes',
        { customer_id: own.customer, lines: [{ product_id: foreign['products'], quantity: '1' }] },
        'product_not_found',
      ],
      [
        '/orders',
        { customer_id: foreign['customers'], lines: [{ product_id: own.product, quantity: '1' }] },
        'customer_not_found',
      ],
      [
        '/orders',
        { customer_id: own.customer, lines: [{ product_id: foreign['products'], quantity: '1' }] },
        'product_not_found',
      ],
      ['/sites', { customer_id: foreign['customers'], name: 'x', address: 'x' }, 'customer_not_found'],
      ['/stock/movements', { product_id: foreign['products'], kind: 'receive', quantity: '1' }, 'product_not_found'],
    ];
    for (const [path, body, code] of attempts) expect((await bolt.post(path, body)).body.code).toBe(code);
  });
});

function send(caller: Caller, method: string, path: string, body: object | undefined): Promise<Answer> {
  if (method === 'GET') return caller.get(path);
  const verb = method.toLowerCase() as 'post' | 'put' | 'patch';
  return caller[verb](path, body ?? {});
}

function shown(answer: Answer) {
  const { request_id: _, ...body } = answer.body as Record<string, unknown>;
  return { status: answer.status, body };
}
