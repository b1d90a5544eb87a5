/**
 * Every operation for stores, attacked from another store. The operations are those that the processes handle; the items that
 * are attacked come from the fixtures of the rooms. An operation on an item without a fixture fails, reads included.
 */
import pg from 'pg';
import { newId } from '#kernel';
import { handledOperations } from '#platform/http';
import type { Fixture } from '#testing/fixture';
import { type Answer, type Caller, startSystem, type System } from '../scenarios/system.js';
import { gapsIn, itemOf, readFixtures } from './attack/fixtures.js';
import { Store } from './attack/own-store.js';

let system: System;
let superuser: pg.Client;
let fixture: Fixture;
let acme: Caller;
let bolt: Caller;
let theirs: Store;

beforeAll(async () => {
  system = await startSystem();
  superuser = new pg.Client({ connectionString: system.database.url });
  [acme, bolt, fixture] = await Promise.all([system.as('acme', 'owner'), system.as('bolt', 'owner'), readFixtures()]);
  await superuser.connect();
  theirs = new Store(acme, system.tenants.acme, fixture, superuser);
  for (const name of Object.keys(fixture.items)) await theirs.create(name);
});
afterAll(async () => {
  await superuser.end();
  await system.stop();
});

const operations = () =>
  handledOperations().filter((operation) => operation.audience === 'tenant' && operation.access !== 'public');
const onItems = () => operations().filter((operation) => operation.path.includes('/:'));

describe('the fixtures', () => {
  it('cover every operation on an item, and nothing else', () => {
    expect(onItems().length).toBeGreaterThan(25);
    expect(gapsIn(fixture, onItems())).toEqual([]);
  });

  it('are refused when they lack a route or name one that does not exist', () => {
    const items: Record<string, Fixture['items'][string]> = {
      ...fixture.items,
      comets: () => Promise.resolve(newId()),
    };
    const bodies: Record<string, object> = { ...fixture.bodies, getQuote: {} };
    delete items['products'];
    delete bodies['sendQuote'];
    expect(gapsIn({ items, bodies }, onItems()).sort()).toEqual([
      'changeProduct: no fixture creates its item',
      'getProduct: no fixture creates its item',
      'sendQuote: no fixture has a body for it',
      'the body getQuote: no such operation on an item',
      'the item comets: no operation has this path',
    ]);
  });

  it('create items that are in the database, and that their owner can read', async () => {
    const contents = Object.values(await theirs.contents()).join('\n');
    for (const name of Object.keys(fixture.items)) expect(contents).toContain(await theirs.item(name));
    for (const operation of onItems().filter(({ method }) => method === 'GET')) {
      const { status } = await acme.get(operation.path.replace(/:\w+/, await theirs.item(itemOf(operation))));
      expect({ operation: operation.id, status }).toEqual({ operation: operation.id, status: 200 });
    }
  });
});

describe('another store', () => {
  it('gets the same answer for a foreign item as for one that does not exist, by every operation on an item', async () => {
    for (const operation of onItems()) {
      const item = await theirs.create(itemOf(operation));
      if (typeof item !== 'string') continue;
      const call = (id: string) =>
        send(bolt, operation.method, operation.path.replace(/:\w+/, id), fixture.bodies[operation.id]);
      const [foreign, missing] = [await call(item), await call(newId())];
      expect({ operation: operation.id, ...shown(foreign) }).toEqual({ operation: operation.id, ...shown(missing) });
      expect({ operation: operation.id, status: foreign.status }).toEqual({ operation: operation.id, status: 404 });
    }
  });

  it('changes no row of the attacked store, by any operation on an item', async () => {
    const before = await theirs.contents();
    for (const operation of onItems()) {
      const path = operation.path.replace(/:\w+/, await theirs.item(itemOf(operation)));
      const { status } = await send(bolt, operation.method, path, fixture.bodies[operation.id]);
      const isShared = typeof (await theirs.create(itemOf(operation))) !== 'string';
      // An item with the same name in every store is changed in the attacking store only.
      expect({ operation: operation.id, isDone: status < 300 }).toEqual({ operation: operation.id, isDone: isShared });
    }
    expect(await theirs.contents()).toEqual(before);
  });

  it('finds no row of the attacked store in any list', async () => {
    const lists = operations().filter(
      (operation) => operation.method === 'GET' && !operation.path.includes(':') && operation.id !== 'stream',
    );
    expect(lists.length).toBeGreaterThan(7);
    const items = await Promise.all(Object.keys(fixture.items).map((name) => theirs.create(name)));
    const secrets = [...items.filter((item) => typeof item === 'string'), 'SECRET', system.tenants.acme];
    for (const operation of lists) {
      const answer = await bolt.get(operation.path);
      expect({ operation: operation.id, status: answer.status }).toEqual({ operation: operation.id, status: 200 });
      const text = JSON.stringify(answer.body);
      const leaks = secrets.filter((secret) => text.includes(secret));
      expect({ operation: operation.id, leaks }).toEqual({ operation: operation.id, leaks: [] });
    }
    // The same lists show it to its owner, so the search above would have found it.
    expect(JSON.stringify((await acme.get('/products')).body)).toContain('SECRET');
  });

  it('cannot refer to foreign items from its own', async () => {
    const own = new Store(bolt, system.tenants.bolt, fixture, superuser);
    const mine = { customer: await own.item('customers'), product: await own.item('products') };
    const [customer, site, product] = await Promise.all(['customers', 'sites', 'products'].map(theirs.item));
    const lineOf = (id: string | undefined) => [{ product_id: id, quantity: '1' }];
    const attempts: [string, object, string][] = [
      ['/quotes', { customer_id: customer, lines: [] }, 'customer_not_found'],
      ['/quotes', { customer_id: mine.customer, site_id: site, lines: [] }, 'site_not_found'],
      ['/quotes', { customer_id: mine.customer, lines: lineOf(product) }, 'product_not_found'],
      ['/orders', { customer_id: customer, lines: lineOf(mine.product) }, 'customer_not_found'],
      ['/orders', { customer_id: mine.customer, lines: lineOf(product) }, 'product_not_found'],
      ['/sites', { customer_id: customer, name: 'x', address: 'x' }, 'customer_not_found'],
      ['/stock/movements', { product_id: product, kind: 'receive', quantity: '1' }, 'product_not_found'],
    ];
    for (const [path, body, code] of attempts) expect((await bolt.post(path, body)).body.code).toBe(code);
  });
});

function send(caller: Caller, method: string, path: string, body: object | undefined): Promise<Answer> {
  if (method === 'GET') return caller.get(path);
  if (method === 'DELETE') return caller.delete(path);
  const verb = method.toLowerCase() as 'post' | 'put' | 'patch';
  return caller[verb](path, body ?? {});
}

function shown(answer: Answer) {
  const { request_id: _, ...body } = answer.body as Record<string, unknown>;
  return { status: answer.status, body };
}
