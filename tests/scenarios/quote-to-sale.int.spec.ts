import supertest from 'supertest';
import { sql } from '#platform/database';
import { Decimal } from '#kernel';
import { type Caller, startSystem, type System } from './system.js';

let system: System;
let owner: Caller;

beforeAll(async () => {
  system = await startSystem();
  owner = await system.as('acme', 'owner');
});
afterAll(() => system.stop());

let nth = 0;

async function product(stock: string, fields: object = {}) {
  const created = await owner.post('/products', {
    code: `P-${++nth}`,
    name: 'Cimento CP II',
    unit: 'H87',
    price: '32.00',
    ...fields,
  });
  expect(created.status).toBe(201);
  if (stock !== '0')
    await owner.post('/stock/movements', { product_id: created.body.id, kind: 'receive', quantity: stock });
  return created.body;
}

async function customer() {
  const created = await owner.post('/customers', { kind: 'company', name: 'Construtora Horizonte' });
  return created.body;
}

async function accepted(lines: object[]) {
  const { id: customer_id } = await customer();
  const quote = (await owner.post('/quotes', { customer_id, lines })).body;
  await owner.post(`/quotes/${quote.id}/send`);
  await owner.post(`/quotes/${quote.id}/accept`, { accepted_by: 'Marina Duarte' });
  return quote;
}

describe('from quote to sale', () => {
  it('leads from a quote to a sale, moves the stock and emits an event for each step', async () => {
    const { id: product_id } = await product('100');
    const quote = await accepted([{ product_id, quantity: '10', discount_percent: '5' }]);
    expect(quote).toMatchObject({ version: 1, state: 'draft', total: '304.00', currency: 'BRL' });
    expect(quote.number).toMatch(/^COT-\d{6}$/);

    const order = await owner.post(`/quotes/${quote.id}/convert`);
    expect(order).toMatchObject({ status: 201, body: { number: expect.stringMatching(/^PED-\d{6}$/) } });
    expect((await owner.get(`/stock/${product_id}`)).body).toMatchObject({
      on_hand: '100',
      reserved: '10',
      available: '90',
      reservations: [{ order_id: order.body.order_id, quantity: '10' }],
    });

    for (const status of ['preparing', 'out_for_delivery', 'delivered']) {
      expect((await owner.post(`/orders/${order.body.order_id}/status`, { status })).body.status).toBe(status);
    }
    expect((await owner.get(`/stock/${product_id}`)).body).toMatchObject({
      on_hand: '90',
      reserved: '0',
      available: '90',
      reservations: [],
    });

    const events = await system.crossing.query(sql<{ type: string; aggregate_version: number }>`
      select type, aggregate_version from outbox_events where aggregate_id in (${quote.id}, ${order.body.order_id}, ${product_id}) order by seq`);
    expect(events.map((event) => `${event.type} ${event.aggregate_version}`)).toEqual([
      'product.created 1',
      'stock.adjusted 1',
      'quote.created 1',
      'quote.sent 2',
      'quote.accepted 3',
      'stock.adjusted 2',
      'order.created 1',
      'quote.converted 4',
      'order.status_changed 2',
      'order.status_changed 3',
      'order.status_changed 4',
      'stock.adjusted 3',
      'sale.recorded 5',
    ]);
  });

  it('makes one order from one quote for 64 simultaneous callers', async () => {
    const { id: product_id } = await product('100');
    const quote = await accepted([{ product_id, quantity: '10' }]);
    const answers = await Promise.all(Array.from({ length: 64 }, () => owner.post(`/quotes/${quote.id}/convert`)));
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(63);
    const orders = await system.crossing.first(sql<{ count: number }>`
      select count(*)::int as count from outbox_events where type = 'order.created' and data->>'quote_id' = ${quote.id}`);
    expect(orders!.count).toBe(1);
    expect((await owner.get(`/stock/${product_id}`)).body.reserved).toBe('10');
  });

  it('converts in parts whose totals add up to the quote’s, to the cent', async () => {
    const { id: product_id } = await product('100', { price: '0.0333' });
    const quote = await accepted([{ product_id, quantity: '100', discount_percent: '3' }]);
    const totals: string[] = [];
    for (const quantity of ['33', '33', '34']) {
      const made = await owner.post(`/quotes/${quote.id}/convert`, { lines: [{ position: 1, quantity }] });
      expect(made.status).toBe(201);
      totals.push((await owner.get(`/orders/${made.body.order_id}`)).body.total);
    }
    const sum = totals.map((total) => Decimal.parse(total)).reduce((a, b) => a.plus(b));
    expect(sum.compare(Decimal.parse(quote.total))).toBe(0);
    expect((await owner.get(`/quotes/${quote.id}`)).body.state).toBe('converted');
    expect((await owner.post(`/quotes/${quote.id}/convert`, { lines: [{ position: 1, quantity: '1' }] })).status).toBe(
      409,
    );
  });

  it('never lets stock fall below zero when many orders are delivered at once', async () => {
    const { id: product_id } = await product('50');
    const { id: customer_id } = await customer();
    const orders = await Promise.all(
      Array.from({ length: 16 }, () => owner.post('/orders', { customer_id, lines: [{ product_id, quantity: '10' }] })),
    );
    const delivered = await Promise.all(
      orders.map(async ({ body }) => {
        await owner.post(`/orders/${body.id}/status`, { status: 'preparing' });
        await owner.post(`/orders/${body.id}/status`, { status: 'out_for_delivery' });
        return owner.post(`/orders/${body.id}/status`, { status: 'delivered' });
      }),
    );
    expect(delivered.filter((answer) => answer.status === 200)).toHaveLength(5);
    expect(delivered.filter((answer) => answer.body.code === 'insufficient_stock')).toHaveLength(11);
    expect((await owner.get(`/stock/${product_id}`)).body).toMatchObject({
      on_hand: '0',
      reserved: '0',
      available: '0',
    });
  });

  it('sells boxes of tiles and counts square metres', async () => {
    const tiles = await product('144', {
      unit: 'MTK',
      price: '69.90',
      units: [{ unit: 'BX', numerator: '36', denominator: '25' }],
    });
    const { id: customer_id } = await customer();
    const order = (
      await owner.post('/orders', { customer_id, lines: [{ product_id: tiles.id, quantity: '10', unit: 'BX' }] })
    ).body;
    expect(order.lines[0]).toMatchObject({
      unit: 'BX',
      quantity: '10',
      base_quantity: '14.4',
      unit_price: '100.656',
      total: '1006.56',
      reserved: '14.4',
    });
    const half = await owner.post('/orders', {
      customer_id,
      lines: [{ product_id: tiles.id, quantity: '0.5', unit: 'BX' }],
    });
    expect(half).toMatchObject({ status: 422, body: { code: 'invalid_quantity' } });
  });

  it('returns the goods of a cancelled order', async () => {
    const { id: product_id } = await product('20');
    const { id: customer_id } = await customer();
    const order = (await owner.post('/orders', { customer_id, lines: [{ product_id, quantity: '15' }] })).body;
    const seller = await system.as('acme', 'seller');
    expect((await seller.post(`/orders/${order.id}/status`, { status: 'cancelled' })).status).toBe(403);
    expect((await owner.post(`/orders/${order.id}/status`, { status: 'cancelled' })).status).toBe(200);
    expect((await owner.get(`/stock/${product_id}`)).body).toMatchObject({
      on_hand: '20',
      reserved: '0',
      reservations: [],
    });
    expect((await owner.post(`/orders/${order.id}/status`, { status: 'preparing' })).body.code).toBe(
      'invalid_transition',
    );
  });

  it('revises a sent quote under the same number and supersedes the old version', async () => {
    const { id: product_id } = await product('10');
    const { id: customer_id } = await customer();
    const first = (await owner.post('/quotes', { customer_id, lines: [{ product_id, quantity: '2' }] })).body;
    await owner.post(`/quotes/${first.id}/send`);
    const second = await owner.post(`/quotes/${first.id}/revise`);
    expect(second).toMatchObject({
      status: 201,
      body: { number: first.number, version: 2, state: 'draft', total: first.total },
    });
    expect((await owner.get(`/quotes/${first.id}`)).body.state).toBe('superseded');
    expect((await owner.post(`/quotes/${first.id}/accept`, { accepted_by: 'x' })).body.code).toBe('invalid_transition');
  });

  it('records the expiry of a quote before the change that meets it, and answers with the version of the last event', async () => {
    const { id: product_id } = await product('10');
    const { id: customer_id } = await customer();
    const quote = (await owner.post('/quotes', { customer_id, lines: [{ product_id, quantity: '2' }] })).body;
    await owner.post(`/quotes/${quote.id}/send`);
    await expire(system, quote.id);
    expect((await owner.post(`/quotes/${quote.id}/accept`, { accepted_by: 'x' })).body.code).toBe('invalid_transition');
    const cancelled = await owner.post(`/quotes/${quote.id}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled', lines: [{ quantity: '2' }] } });
    const events = await system.crossing.query(sql<{ type: string; aggregate_version: number }>`
      select type, aggregate_version from outbox_events where aggregate_id = ${quote.id} order by seq`);
    expect(events.map((event) => `${event.type} ${event.aggregate_version}`)).toEqual([
      'quote.created 1',
      'quote.sent 2',
      'quote.expired 3',
      'quote.cancelled 4',
    ]);
    expect(cancelled.headers['etag']).toBe('"4"');
    expect((await owner.get(`/quotes/${quote.id}`)).body).toEqual(cancelled.body);
  });

  it('lets an expired quote be converted only with the permission', async () => {
    const { id: product_id } = await product('10');
    const quote = await accepted([{ product_id, quantity: '2' }]);
    const seller = await system.as('acme', 'seller');
    await expire(system, quote.id);
    expect((await seller.post(`/quotes/${quote.id}/convert`)).body.code).toBe('quote_expired');
    expect((await owner.post(`/quotes/${quote.id}/convert`)).status).toBe(201);
  });

  it('refuses an empty quote, a stale If-Match and a foreign customer’s site, each with its code', async () => {
    const { id: customer_id } = await customer();
    const empty = await owner.post('/quotes', { customer_id, lines: [] });
    expect((await owner.post(`/quotes/${empty.body.id}/send`)).body.code).toBe('quote_has_no_lines');
    expect(empty.headers['etag']).toBe('"1"');
    const stale = await owner.put(`/quotes/${empty.body.id}`, { customer_id, lines: [] }, { 'if-match': '"7"' });
    expect(stale).toMatchObject({ status: 412, body: { code: 'version_conflict' } });
    const other = await customer();
    const site = (await owner.post('/sites', { customer_id: other.id, name: 'Torre B', address: 'Rua A, 1' })).body;
    expect((await owner.post('/quotes', { customer_id, site_id: site.id, lines: [] })).body.code).toBe(
      'site_not_found',
    );
  });

  it('accepts an empty body with the JSON content type, and refuses invalid JSON', async () => {
    const { id: product_id } = await product('0');
    const { id: customer_id } = await customer();
    const quote = (await owner.post('/quotes', { customer_id, lines: [{ product_id, quantity: '1' }] })).body;
    const send = (body: string) =>
      supertest(system.app.getHttpServer())
        .post(`/api/v1/quotes/${quote.id}/send`)
        .set({ host: owner.host, authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' })
        .send(body);
    expect((await send('{"a":')).status).toBe(400);
    expect((await send('{"__proto__":{"x":1}}')).status).toBe(400);
    expect((await send('')).body).toMatchObject({ state: 'sent' });
  });

  it('points to every invalid member', async () => {
    const answer = await owner.post('/quotes', {
      customer_id: 'x',
      lines: [{ product_id: 'y', quantity: '1,5', discount_percent: '101' }],
      surprise: 1,
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).toEqual(
      expect.arrayContaining(['/customer_id', '/lines/0/product_id', '/lines/0/quantity', '/lines/0/discount_percent']),
    );
  });
});

/** Moves the end of the quote's validity to the past. */
async function expire(target: System, quoteId: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: target.database.url });
  await client.connect();
  await client.query(`select set_config('app.tenant_id', $1, false)`, [target.tenants.acme]);
  await client.query(`update quotes set valid_until = now() - interval '1 second' where id = $1`, [quoteId]);
  await client.end();
}
