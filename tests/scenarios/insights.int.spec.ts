/**
 * From a sale to the advice: the engines apply the events of the store's calls, and insights are read and answered over
 * HTTP.
 */
import type { Envelope } from '#contracts/event';
import { salesEngine } from '#engines/sales/worker';
import { stockEngine } from '#engines/stock/worker';
import { sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import type { EventConsumer } from '#platform/inbox';
import { type Caller, startSystem, type System } from './system.js';

let system: System;
let engines: CrossTenantDatabase;
let owner: Caller;

beforeAll(async () => {
  system = await startSystem();
  engines = new CrossTenantDatabase({ url: system.database.url, role: 'basecommerce_engines', application: 'test' });
  owner = await system.as('acme', 'owner');
});
afterAll(async () => {
  await engines.close();
  await system.stop();
});

const heard = new Set<string>();

/** Replaces relay and worker: passes every event once, in order, to every engine that consumes it. */
async function deliver(): Promise<void> {
  const rows = await system.crossing.query(sql<{ event: Envelope }>`
    select json_build_object('id', id, 'type', type, 'subject', aggregate || '/' || aggregate_id, 'tenantid', tenant_id,
             'aggregateversion', aggregate_version, 'data', data,
             'time', to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as event
      from outbox_events order by seq`);
  const events = rows.map(({ event }) => event).filter((event) => !heard.has(event.id));
  for (const event of events) heard.add(event.id);
  for (const engine of [stockEngine, salesEngine]) await hand(engine, events);
}

async function hand(engine: EventConsumer, events: readonly Envelope[]): Promise<void> {
  const own = events.filter((event) => engine.aggregates.some((kind) => event.subject.startsWith(`${kind}/`)));
  await engines.transaction((tx) => engine.apply(tx, own));
  while ((await engines.transaction((tx) => engine.refresh(tx, 200))) > 0);
}

let nth = 0;

async function product(name: string, quantity: string) {
  const { body } = await owner.post('/products', { code: `INS-${++nth}`, name, unit: 'H87', price: '32.00' });
  await owner.post('/stock/movements', { product_id: body.id, kind: 'receive', quantity });
  return body.id as string;
}

async function deliverOrder(lines: { product_id: string; quantity: string }[]) {
  const customer = (await owner.post('/customers', { kind: 'company', name: 'Construtora Horizonte' })).body.id;
  const quote = (await owner.post('/quotes', { customer_id: customer, lines })).body.id;
  await owner.post(`/quotes/${quote}/send`);
  await owner.post(`/quotes/${quote}/accept`, { accepted_by: 'Marina Duarte' });
  const order = (await owner.post(`/quotes/${quote}/convert`)).body.order_id;
  for (const status of ['preparing', 'out_for_delivery', 'delivered'])
    await owner.post(`/orders/${order}/status`, { status });
}

const spaced = (text: string) => text.replaceAll('\u00a0', ' ');

describe('the insights of a store', () => {
  it('follow from a delivered order, are correct, and are explained in the reader’s language', async () => {
    const cement = await product('Cimento CP II', '100');
    await deliverOrder([{ product_id: cement, quantity: '10' }]);
    await deliver();
    const { status, body } = await owner.get('/insights?engine=stock', { 'accept-language': 'en-GB,pt;q=0.5' });
    expect(status).toBe(200);
    expect(body.next_cursor).toBeNull();
    expect(body.data).toHaveLength(1);
    const [insight] = body.data;
    expect(insight).toMatchObject({
      engine: 'stock',
      kind: 'excess',
      subject: `product/${cement}`,
      title: 'Cimento CP II: 84 pcs above the maximum',
      worth: { amount: '2688.00', currency: 'BRL' },
      action: { type: 'hold_purchases', product_id: cement, quantity: '84' },
      state: 'open',
    });
    expect(spaced(insight.why)).toBe(
      '90 pcs available and 10 pcs sold (short history, counted over 28 days): it lasts 252 days, against a maximum of 5.5 pcs; R$2,688.00 is tied up at the list price of R$32.00, no cost being recorded.',
    );
    const portuguese = (await owner.get(`/insights/${insight.id}`, { 'accept-language': 'pt-BR' })).body;
    expect(portuguese.title).toBe('Cimento CP II: 84 un. acima do máximo');
  });

  it('suggest products that sell together, after three baskets', async () => {
    const [sand, gravel] = [await product('Areia', '500'), await product('Brita', '500')];
    for (let sale = 0; sale < 3; sale += 1)
      await deliverOrder([sand, gravel].map((product_id) => ({ product_id, quantity: '5' })));
    await deliver();
    const { body } = await owner.get('/insights?engine=sales');
    expect(body.data.map((insight: { title: string }) => insight.title).sort()).toEqual([
      'Com Areia, ofereça Brita',
      'Com Brita, ofereça Areia',
    ]);
  });

  it('are answered by the store: then they stay quiet, are counted, and are published as events', async () => {
    const [first, second, third] = (await owner.get('/insights')).body.data;
    expect((await owner.post(`/insights/${first.id}/done`, { comment: 'devolvido' })).body).toMatchObject({
      state: 'done',
      comment: 'devolvido',
    });
    expect((await owner.post(`/insights/${second.id}/wrong`)).body.state).toBe('wrong');
    expect((await owner.post(`/insights/${third.id}/not-now`)).body).toMatchObject({
      state: 'not_now',
      snoozed_until: expect.any(String),
    });
    expect((await owner.post(`/insights/${first.id}/wrong`)).body).toMatchObject({ code: 'invalid_transition' });
    const still = (await owner.get('/insights')).body.data.map((insight: { id: string }) => insight.id);
    for (const { id } of [first, second, third]) expect(still).not.toContain(id);
    const rates = (await owner.get('/insights/hit-rates')).body.data as { done: number; wrong: number }[];
    expect(rates.reduce((sum, rate) => sum + rate.done + rate.wrong, 0)).toBe(2);
    await deliver();
    const answers = await system.crossing.query(sql<{ answer: string }>`
      select data->>'answer' as answer from outbox_events where type = 'insight.answered' order by seq`);
    expect(answers.map(({ answer }) => answer)).toEqual(['done', 'wrong', 'not_now']);
  });

  it('are read in pages, and only with the permission', async () => {
    const all = (await owner.get('/insights?state=open')).body.data;
    const page = (await owner.get('/insights?limit=1')).body;
    expect(page.data).toEqual(all.slice(0, 1));
    const rest = (await owner.get(`/insights?cursor=${page.next_cursor}`)).body;
    expect(rest.data).toEqual(all.slice(1));
    expect((await owner.get('/insights?cursor=nonsense')).status).toBe(400);
    const driver = await system.as('acme', 'driver');
    expect((await driver.get('/insights')).status).toBe(403);
    const neighbour = await system.as('bolt', 'owner');
    expect((await neighbour.get('/insights')).body.data).toEqual([]);
    expect((await neighbour.post(`/insights/${all[0].id}/done`)).status).toBe(404);
  });
});
