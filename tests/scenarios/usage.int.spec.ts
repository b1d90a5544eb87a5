/** A store's API calls become usage that is reported once, also when a report fails. */
import pg from 'pg';
import type { Envelope } from '#contracts/event';
import { BILLING_PASSES, billingEngine } from '#engines/billing/worker';
import { newId, tenantId } from '#kernel';
import { entitlementsProjection, USAGE_PASSES } from '#modules/entitlements/worker';
import { TenantDatabase } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { UsageMeter } from '../../libs/platform/http/usage-meter.js';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { type Caller, startSystem, type System } from './system.js';

interface Report {
  tenant_id: string;
  aggregate_id: string;
  aggregate_version: number;
  actor: string;
  data: { meter: string; quantity: number; from: string; to: string };
}

async function reports(url: string): Promise<Report[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Report>(
    `select tenant_id, aggregate_id, aggregate_version, actor, data from outbox_events where type = 'usage.reported' order by seq`,
  );
  await client.end();
  return rows;
}

async function asOwner(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

it('counts only calls of signed-in people of a store, and reports them before the process ends', async () => {
  const system = await startSystem();
  const { tenants, database } = system;
  const acme = await system.as('acme', 'owner');
  const bolt = await system.as('bolt', 'seller');
  for (let call = 0; call < 3; call++) await acme.get('/products');
  await acme.post('/products', {}); // refused, and answered
  await bolt.get('/products');
  await system.visitor('acme.localhost').get('/products'); // not signed in
  await system.visitor('bolt.localhost').with({ token: acme.token! }).get('/products'); // a person of another store
  await system.operator().get('/operator/v1/tenants');
  const gone = await system.as('acme', 'seller');
  await gone.post('/auth/logout'); // counts: signed in until then
  expect((await gone.get('/products')).status).toBe(401);
  await asOwner(database.url, 'revoke select on products from basecommerce_app');
  expect((await acme.get('/products')).status).toBe(500); // our fault
  await system.app.close();
  const found = await reports(database.url);
  expect(
    found.map((report) => [report.tenant_id, report.data.quantity, report.aggregate_version, report.actor]).sort(),
  ).toEqual(
    [
      [tenants.acme, 5, 1, 'system:metering'],
      [tenants.bolt, 1, 1, 'system:metering'],
    ].sort(),
  );
  for (const { data } of found) expect(Date.parse(data.from)).toBeLessThan(Date.parse(data.to));
  await system.crossing.close();
  await database.drop();
});

describe('a report', () => {
  let server: TestDatabase;
  let database: TenantDatabase;
  const tenant = tenantId(newId());

  beforeEach(async () => {
    server = await createTestDatabase();
    database = new TenantDatabase({ url: server.url, application: 'metering', maxConnections: 2 });
  });
  afterEach(async () => {
    await database.close();
    await server.drop();
  });

  it('is sent with the thousandth call, or a quarter of an hour after the first', async () => {
    const meter = new UsageMeter(database);
    const busy = tenantId(newId());
    meter.count(tenant);
    for (let call = 0; call < 1_000; call++) meter.count(busy);
    const quantitiesAfter = async (minutes: number) => {
      await meter.report(performance.now() + minutes * 60_000);
      return (await reports(server.url)).map(({ data }) => data.quantity).sort((a, b) => b - a);
    };
    expect(await quantitiesAfter(0)).toEqual([1_000]);
    meter.count(tenant);
    meter.count(busy);
    expect(await quantitiesAfter(14)).toEqual([1_000]);
    expect(await quantitiesAfter(15)).toEqual([1_000, 2, 1]);
    expect(await quantitiesAfter(60)).toEqual([1_000, 2, 1]);
  });

  it('that fails waits, and is sent together with the next one, with its own interval', async () => {
    const meter = new UsageMeter(database);
    await asOwner(server.url, 'revoke insert on outbox_events from basecommerce_app');
    for (let call = 0; call < 3; call++) meter.count(tenant);
    expect(await meter.flush()).toBe(1);
    expect(await reports(server.url)).toEqual([]);
    await asOwner(server.url, 'grant insert on outbox_events to basecommerce_app');
    meter.count(tenant);
    expect(await meter.flush()).toBe(0);
    expect(await meter.flush()).toBe(0);
    const found = await reports(server.url);
    expect(found.map(({ data }) => data.quantity)).toEqual([3, 1]);
    const [failed, next] = found.map(({ data }) => data);
    expect(Date.parse(next!.from)).toBeGreaterThan(Date.parse(failed!.to) - 20);
    expect(new Set(found.map(({ aggregate_id: id }) => id)).size).toBe(2);
  });

  it('of many stores is sent in small groups', async () => {
    const meter = new UsageMeter(database);
    const { transaction } = database;
    let [underWay, most] = [0, 0];
    database.transaction = async (...work: Parameters<typeof transaction>) => {
      most = Math.max(most, ++underWay);
      return transaction.apply(database, work).finally(() => underWay--) as never;
    };
    for (let store = 0; store < 40; store++) meter.count(tenantId(newId()));
    expect(await meter.flush()).toBe(0);
    expect(most).toBe(4);
    expect((await reports(server.url)).map(({ data }) => data.quantity)).toEqual(Array(40).fill(1));
  });

  it('whose commit was not confirmed is not made twice', async () => {
    const meter = new UsageMeter(database);
    const { transaction } = database;
    // The connection is lost between the commit and its answer.
    database.transaction = async (...work: Parameters<typeof transaction>) => {
      await transaction.apply(database, work);
      throw new Error('connection lost');
    };
    meter.count(tenant);
    expect(await meter.flush()).toBe(1);
    database.transaction = transaction;
    expect(await meter.flush()).toBe(0);
    expect((await reports(server.url)).map(({ data }) => data.quantity)).toEqual([1]);
  });
});

describe('the usage that the store sees', () => {
  let system: System;
  let engines: CrossTenantDatabase;
  let owner: pg.Pool;
  let acme: Caller;
  let heard = 0n;

  beforeAll(async () => {
    system = await startSystem();
    engines = new CrossTenantDatabase({ url: system.database.url, role: 'basecommerce_engines', application: 'usage' });
    owner = new pg.Pool({ connectionString: system.database.url, max: 1 });
    acme = await system.as('acme', 'owner');
  });
  afterAll(async () => {
    await engines.close();
    await owner.end();
    await system.stop();
  });

  /** Does the work of the relay and the worker until no event waits. */
  async function deliver(): Promise<void> {
    for (;;) {
      const { rows } = await owner.query(
        `select seq, tenant_id, id, type, aggregate, aggregate_id, aggregate_version, occurred_at, data from outbox_events
          where seq > $1 and tenant_id = $2 order by seq`,
        [heard, system.tenants.acme],
      );
      if (rows.length === 0) return;
      heard = rows.at(-1).seq;
      const events = rows.map(
        (row) =>
          ({
            id: row.id,
            type: row.type,
            subject: `${row.aggregate}/${row.aggregate_id}`,
            time: row.occurred_at.toISOString(),
            tenantid: row.tenant_id,
            aggregateversion: row.aggregate_version,
            data: row.data,
          }) as Envelope,
      );
      const of = (aggregates: readonly string[]) =>
        events.filter(({ subject }) => aggregates.includes(subject.split('/')[0]!));
      await engines.transaction((tx) => billingEngine.apply(tx, of(billingEngine.aggregates)));
      await engines.transaction((tx) => entitlementsProjection.apply(tx, of(entitlementsProjection.aggregates)));
      while ((await engines.transaction((tx) => billingEngine.refresh(tx, 100))) > 0);
    }
  }

  /** The counts by meter from both sides: the limits of requests, and the bill. */
  async function counts() {
    const [limits, bill] = [(await acme.get('/usage')).body.data, (await acme.get('/billing')).body.usage];
    const used = (list: { meter: string; used: number }[]) =>
      Object.fromEntries(list.map((one) => [one.meter, one.used]));
    return { limits: used(limits), bill: used(bill) };
  }

  async function expectAgreement(expected: Record<string, number>): Promise<void> {
    await deliver();
    const { limits, bill } = await counts();
    expect(limits).toEqual(bill);
    expect(bill).toMatchObject(expected);
  }

  it('is the same in its limits and on its bill, also when its plan began long after the usage', async () => {
    await deliver();
    const { id: customer_id } = (await acme.post('/customers', { kind: 'person', name: 'Ana' })).body;
    const quote = async () => (await acme.post('/quotes', { customer_id, lines: [] })).status;
    // Before there is a plan, and with events that are not yet applied when it begins.
    for (let made = 0; made < 3; made++) expect(await quote()).toBe(201);
    const desk = system.operator();
    const because = { reason: 'scenario' };
    const meters = ['quotes=4@1.00', 'orders=4@1.00', 'active_users=10@0', 'api_calls=1000@0', 'stored_mb=10@0'];
    await desk.post('/operator/v1/plans', { code: 'small', base_price: '10.00', meters, ...because });
    await deliver();
    for (let made = 0; made < 2; made++) expect(await quote()).toBe(201);
    expect((await desk.post('/operator/v1/subscriptions/acme/start', { plan: 'small', ...because })).status).toBe(201);
    await expectAgreement({ quotes: 5, orders: 0 });
    expect(await quote()).toBe(201);
    expect(await quote()).toBe(402);
    await expectAgreement({ quotes: 6 });
    // A larger plan in the same period continues from there.
    const larger = { code: 'larger', base_price: '20.00', meters: ['quotes=8@1.00', ...meters.slice(1)], ...because };
    await desk.post('/operator/v1/plans', larger);
    expect(
      (await desk.post('/operator/v1/subscriptions/acme/change-plan', { plan: 'larger', ...because })).status,
    ).toBe(200);
    await expectAgreement({ quotes: 6 });
    for (let made = 0; made < 6; made++) expect(await quote()).toBe(201);
    expect(await quote()).toBe(402);
    await expectAgreement({ quotes: 12 });
  });

  it('is the same for meters without reservations: people, calls and storage', async () => {
    await pass('billing-overage');
    await system.as('acme', 'seller');
    await owner.query(
      `insert into customers (tenant_id, id, kind, name, version, created_at, changed_at)
       select $1, gen_random_uuid(), 'person', repeat('x', 200), 1, now(), now() from generate_series(1, 8000)`,
      [system.tenants.acme],
    );
    const meter = new UsageMeter(
      new TenantDatabase({ url: system.database.url, application: 'metering', maxConnections: 1 }),
    );
    for (let call = 0; call < 17; call++) meter.count(tenantId(system.tenants.acme));
    await meter.flush();
    await meter['database'].close();
    await deliver();
    await pass('usage-storage');
    await expectAgreement({ active_users: 2, api_calls: 17, stored_mb: 2, quotes: 12 });
  });

  async function pass(name: string): Promise<void> {
    const found = [...BILLING_PASSES, ...USAGE_PASSES].find((one) => one.name === name)!;
    const context = { asOf: undefined, tenant: undefined, isDryRun: false, isReplayForced: false };
    const settings = { DATABASE_URL: system.database.url } as never;
    for await (const event of found.run({ database: engines, settings, ...context }))
      expect(event.kind).not.toBe('failed');
    await deliver();
  }
});
