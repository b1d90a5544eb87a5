/** The metrics of refused requests and of access states. */
import { register } from 'prom-client';
import { newId, tenantId, type TenantId } from '#kernel';
import { sql, TenantDatabase } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { reserve } from '../index.js';
import { setOwnCap } from '../usecases/set-own-cap.js';
import { entitlementsProjection } from '../worker.js';

let server: TestDatabase;
let engines: CrossTenantDatabase;
let operator: CrossTenantDatabase;
let stores: TenantDatabase;

beforeAll(async () => {
  server = await createTestDatabase();
  const options = { url: server.url, application: 'entitlements-metrics' };
  engines = new CrossTenantDatabase({ ...options, role: 'basecommerce_engines' });
  operator = new CrossTenantDatabase({ ...options, role: 'basecommerce_operator' });
  stores = new TenantDatabase(options);
});

afterAll(async () => {
  await Promise.all([engines.close(), operator.close(), stores.close()]);
  await server.drop();
});

async function store(access: string, allowsMetered: boolean): Promise<TenantId> {
  const id = newId();
  await operator.execute(sql`
    insert into tenants (id, slug, legal_name, created_at, changed_at) values (${id}, ${`s${id}`}, 'Store', app.now(), app.now())`);
  await engines.execute(sql`
    insert into entitlements (tenant_id, meter, starts_at, ends_at, plan, included, soft, hard)
    values (${id}, 'orders', app.now() - interval '1 day', app.now() + interval '1 day', 'padrao', 1, 1, 2)`);
  await engines.execute(sql`
    insert into tenant_access (tenant_id, state, allows_sign_in, allows_read, allows_export, allows_write, allows_metered)
    values (${id}, ${access}, true, true, true, true, ${allowsMetered})`);
  return tenantId(id);
}

const inStore = (tenant: TenantId, work: Parameters<TenantDatabase['transaction']>[1]) =>
  stores.transaction({ tenant, actor: { id: 'system:test' } }, work);

const order = (tenant: TenantId) => inStore(tenant, (tx) => reserve(tx, 'orders')).catch((error: Error) => error);

async function figures(name: string): Promise<Record<string, number>> {
  const { values } = await register.getSingleMetric(name)!.get();
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

it('counts a refusal by its cause: the plan, the store’s own cap, or a hold', async () => {
  const [full, capped, held] = [await store('active', true), await store('active', true), await store('grace', false)];
  await inStore(capped, (tx) => setOwnCap(tx, 'orders', 1));
  for (const tenant of [full, full, full, full]) await order(tenant);
  for (const tenant of [capped, capped]) await order(tenant);
  await order(held);
  expect(await figures('quota_refusals_total')).toEqual({ 'orders plan': 2, 'orders own_cap': 1, 'orders hold': 1 });
});

it('counts stores by access state, including the states that no store has', async () => {
  await entitlementsProjection.measure!(engines);
  expect(await figures('tenants_by_access')).toEqual({ trialing: 0, active: 2, grace: 1, suspended: 0, closed: 0 });
  await engines.execute(sql`update tenant_access set state = 'suspended' where state = 'grace'`);
  await entitlementsProjection.measure!(engines);
  expect(await figures('tenants_by_access')).toMatchObject({ grace: 0, suspended: 1 });
});
