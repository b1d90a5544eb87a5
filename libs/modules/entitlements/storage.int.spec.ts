/** Stored bytes, measured on real tables: the bytes of a store's own rows, once a day, however often the pass runs. */
import pg from 'pg';
import { isEvent } from '#contracts/event';
import { entitlementsChanged } from '#contracts/billing/events';
import { storageMeasured } from '#contracts/entitlements/events';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import type { PassEvent } from '#platform/inbox';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { entitlementsProjection, USAGE_PASSES } from './worker.js';

const pass = USAGE_PASSES.find(({ name }) => name === 'usage-storage')!;
const DAY_MS = 86_400_000;

let server: TestDatabase;
let owner: pg.Pool;
let engines: CrossTenantDatabase;

beforeEach(async () => {
  server = await createTestDatabase();
  owner = new pg.Pool({ connectionString: server.url, max: 2 });
  engines = new CrossTenantDatabase({ url: server.url, role: 'basecommerce_engines', application: 'storage-spec' });
});
afterEach(async () => {
  await engines.close();
  await owner.end();
  await server.drop();
});

/** A store whose plan limits the meter, or another one. */
async function store(meter: 'stored_mb' | 'orders' = 'stored_mb'): Promise<string> {
  const tenant = newId();
  await owner.query(
    `insert into tenants (id, slug, legal_name, created_at, changed_at) values ($1, $2, 'Store', now(), now())`,
    [tenant, `s${tenant}`],
  );
  const days = (count: number) => new Date(Date.now() + count * DAY_MS).toISOString();
  const meters = [{ meter, included: 10, soft: 12, hard: 15 }];
  const data = { plan: 'standard', periods: [{ starts_at: days(-10), ends_at: days(20), meters }] };
  const event = { id: newId(), type: entitlementsChanged.type, tenantid: tenant, aggregateversion: 1, data };
  await engines.transaction((tx) => entitlementsProjection.apply(tx, [event as never]));
  return tenant;
}

async function keep(tenant: string, customers: number, name = 'Ana'): Promise<void> {
  await owner.query(
    `insert into customers (tenant_id, id, kind, name, version, created_at, changed_at)
     select $1, gen_random_uuid(), 'person', $3, 1, now(), now() from generate_series(1, $2)`,
    [tenant, customers, name],
  );
}

async function run(options: { tenant?: string; isDryRun?: boolean; asOf?: Date } = {}): Promise<PassEvent[]> {
  const events: PassEvent[] = [];
  const context = { isReplayForced: false, isDryRun: false, tenant: undefined, asOf: undefined, ...options };
  const settings = { DATABASE_URL: server.url } as never;
  for await (const event of pass.run({ database: engines, settings, ...context })) events.push(event);
  return events;
}

const measuredEvents = async () =>
  (
    await owner.query<{ tenant_id: string; data: { bytes: number; megabytes: number; measured_at: string } }>(
      `select tenant_id, data from outbox_events where type = 'usage.storage_measured' order by seq`,
    )
  ).rows;

it('is the sum of the store’s own rows in all tables that its requests write', async () => {
  const [acme, bolt] = [await store(), await store()];
  await keep(acme, 8_000, 'x'.repeat(200));
  await keep(bolt, 1);
  const { rows } = await owner.query<{ bytes: string }>(
    `select sum(pg_column_size(c.*)) as bytes from customers c where tenant_id = $1`,
    [acme],
  );
  await run();
  const figures = new Map((await measuredEvents()).map(({ tenant_id: tenant, data }) => [tenant, data]));
  expect(figures.get(acme)).toMatchObject({ bytes: Number(rows[0]!.bytes), megabytes: 2 });
  expect(Number(rows[0]!.bytes)).toBeGreaterThan(8_000 * 200);
  expect(figures.get(bolt)!.bytes).toBeGreaterThan(50);
  expect(figures.get(bolt)!.bytes).toBeLessThan(500);
});

it('includes a table as soon as requests may write to it, and no table of the platform itself', async () => {
  const acme = await store();
  const measured = async () => {
    const client = await owner.connect();
    try {
      await client.query('begin; set local role basecommerce_app');
      await client.query(`select set_config('app.tenant_id', $1, true)`, [acme]);
      const { rows } = await client.query<{ bytes: string }>('select app.stored_bytes() as bytes');
      return Number(rows[0]!.bytes);
    } finally {
      await client.query('rollback');
      client.release();
    }
  };
  expect(await measured()).toBe(0);
  await owner.query(`create table drawings (tenant_id uuid not null, id uuid not null, plan text not null, primary key (tenant_id, id));
                     call app.protect('drawings', restore => 'back', app => 'select,insert')`);
  // A long value without a pattern is stored in the TOAST table, which counts as well.
  await owner.query(
    `insert into drawings select $1, gen_random_uuid(), string_agg(md5(n::text), '') from generate_series(1, 2000) n`,
    [acme],
  );
  expect(await measured()).toBeGreaterThan(30_000);
  const before = await measured();
  await owner.query(
    `insert into idempotency_records (tenant_id, actor, key, fingerprint, answer, recorded_at) values ($1, 'a', 'k', 'f', '{}', now())`,
    [acme],
  );
  expect(await measured()).toBe(before);
});

it('is emitted once a day by any number of concurrent runs, and again the next day', async () => {
  const stores = [await store(), await store(), await store()];
  const copies = await Promise.all(Array.from({ length: 5 }, () => run()));
  expect(copies.flat().filter(({ kind }) => kind === 'tenant')).toHaveLength(3);
  expect((await measuredEvents()).map(({ tenant_id: tenant }) => tenant).sort()).toEqual([...stores].sort());
  await owner.query(`alter table entitlement_storage no force row level security;
                     update entitlement_storage set measured_on = measured_on - 1`);
  await run();
  expect(await measuredEvents()).toHaveLength(6);
});

it('carries the instant and whole megabytes, as the contract requires', async () => {
  const acme = await store();
  await keep(acme, 5_000, 'x'.repeat(150));
  await run({ tenant: acme });
  const { data } = (await measuredEvents())[0]!;
  expect(isEvent({ type: 'usage.storage_measured' } as never, storageMeasured)).toBe(true);
  expect(storageMeasured.data.parse(data)).toEqual(data);
  expect(data.megabytes).toBe(Math.floor(data.bytes / 1_000_000));
  expect(Math.abs(Date.parse(data.measured_at) - Date.now())).toBeLessThan(60_000);
});

it('measures the stores whose plan limits it, or the named one', async () => {
  const [acme, other] = [await store(), await store('orders')];
  expect(await run({ tenant: other })).toEqual([{ kind: 'done', facts: expect.objectContaining({ tenants: 0 }) }]);
  await run({ tenant: newId() });
  expect(await measuredEvents()).toEqual([]);
  const events = await run();
  expect(events.at(-1)).toEqual({
    kind: 'done',
    facts: { dry_run: false, tenants: 1, measured: 1, caps_told: 0, failed: 0 },
  });
  expect((await measuredEvents()).map(({ tenant_id: tenant }) => tenant)).toEqual([acme]);
});

it('keeps nothing of a dry run, and measures only the present day', async () => {
  await store();
  const rehearsed = await run({ isDryRun: true });
  expect(rehearsed.filter(({ kind }) => kind === 'tenant')).toHaveLength(1);
  expect(await measuredEvents()).toEqual([]);
  await expect(run({ asOf: new Date() })).rejects.toMatchObject({ code: 'storage_is_measured_now' });
  expect((await run()).filter(({ kind }) => kind === 'tenant')).toHaveLength(1);
});

it('continues after a store that cannot be measured, and reports it', async () => {
  const [acme, bolt] = [await store(), await store()];
  await owner.query(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
                     create trigger refuse before insert on entitlement_storage for each row
                     when (new.tenant_id = '${acme}') execute function refuse()`);
  const events = await run();
  expect(events).toContainEqual({ kind: 'failed', facts: { tenant: acme, reason: expect.stringContaining('broken') } });
  expect((await measuredEvents()).map(({ tenant_id: tenant }) => tenant)).toEqual([bolt]);
});

describe('caps that are not announced', () => {
  /** Sets a cap as the previous release does, which does not announce it. */
  const set = (tenant: string, meter: string, cap: number) =>
    owner.query(
      `insert into entitlement_caps (tenant_id, meter, cap, set_by, set_at) values ($1, $2, $3, 'user:ana', now())
       on conflict (tenant_id, meter) do update set cap = excluded.cap, set_by = excluded.set_by, set_at = excluded.set_at`,
      [tenant, meter, cap],
    );
  const caps = async () =>
    (
      await owner.query<{ tenant_id: string; cap: string }>(
        `select tenant_id, concat_ws(' ', data ->> 'meter', data ->> 'cap', data ->> 'set_by', 'v' || aggregate_version) as cap
           from outbox_events where type = 'usage.cap_changed' order by seq`,
      )
    ).rows;

  it('are announced once, by any number of concurrent runs, and again when the previous release has set them again', async () => {
    const [acme, bolt] = [await store('orders'), await store()];
    await set(acme, 'orders', 9);
    await set(acme, 'quotes', 0);
    await set(bolt, 'orders', 5);
    const [rehearsed] = await run({ isDryRun: true, tenant: acme });
    expect(rehearsed).toMatchObject({ kind: 'tenant', tenant: acme, facts: { caps_told: 2, dry_run: true } });
    expect(await caps()).toEqual([]);
    await run({ tenant: bolt });
    expect(await caps()).toEqual([{ tenant_id: bolt, cap: 'orders 5 user:ana v1' }]);
    const copies = await Promise.all(Array.from({ length: 5 }, () => run()));
    expect(copies.flat().filter(({ kind }) => kind === 'failed')).toEqual([]);
    const ofAcme = async () => (await caps()).flatMap(({ tenant_id: tenant, cap }) => (tenant === acme ? [cap] : []));
    expect((await ofAcme()).sort()).toEqual(['orders 9 user:ana v1', 'quotes 0 user:ana v1']);
    await set(acme, 'orders', 8);
    await run();
    await run();
    expect((await ofAcme()).slice(2)).toEqual(['orders 8 user:ana v2']);
  });

  it('do not prevent the announcement of others', async () => {
    const [acme, bolt] = [await store(), await store()];
    for (const tenant of [acme, bolt]) await set(tenant, 'orders', 9);
    await owner.query(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
                       create trigger refuse before update on entitlement_caps for each row
                       when (new.tenant_id = '${acme}') execute function refuse()`);
    expect(await run()).toContainEqual({
      kind: 'failed',
      facts: { tenant: acme, reason: expect.stringContaining('broken') as string },
    });
    expect((await caps()).map(({ tenant_id: tenant }) => tenant)).toEqual([bolt]);
    expect(await measuredEvents()).toHaveLength(2);
  });
});
