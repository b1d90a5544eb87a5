/** A store's API calls become usage that is reported once, whatever happens to the report. */
import pg from 'pg';
import { newId, tenantId } from '#kernel';
import { TenantDatabase } from '#platform/database';
import { UsageMeter } from '../../libs/platform/http/usage-meter.js';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { startSystem } from './system.js';

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

it('counts what signed-in people of a store call, and nothing else, and reports it before the process ends', async () => {
  const system = await startSystem();
  const { tenants, database } = system;
  const acme = await system.as('acme', 'owner');
  const bolt = await system.as('bolt', 'seller');
  for (let call = 0; call < 3; call++) await acme.get('/products');
  await acme.post('/products', {}); // refused, and answered
  await bolt.get('/products');
  await system.visitor('acme.localhost').get('/products'); // nobody
  await system.visitor('bolt.localhost').with({ token: acme.token! }).get('/products'); // somebody of another store
  await system.operator().get('/operator/v1/tenants');
  const gone = await system.as('acme', 'seller');
  await gone.post('/auth/logout'); // counts: it was somebody until then
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

  it('that fails waits, and goes out beside the next one with its own minute', async () => {
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
    expect(Math.abs(Date.parse(failed!.to) - Date.parse(next!.from))).toBeLessThan(20);
    expect(new Set(found.map(({ aggregate_id: id }) => id)).size).toBe(2);
  });

  it('whose commit was not heard of is not made twice', async () => {
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
