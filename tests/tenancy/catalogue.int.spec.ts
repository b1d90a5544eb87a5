/**
 * Tenancy as PostgreSQL itself describes it, and under attack. A new table is covered as soon as its migration exists.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { Attacker, tenantTables } from './catalogue/attack.js';
import { CROSSINGS, ENGINES_OWN, EXCEPTIONS } from './catalogue/exceptions.js';
import { type Overrides, RowMaker } from '#testing/rows';
import { crossings, RULE_NAMES, type RuleName, violations } from './catalogue/rules.js';

/** Values the row maker cannot find by itself: those that a trigger or an exclusion constraint requires. */
let credits = 0;
const OVERRIDES: Overrides = {
  billing_periods: { seq: 0 },
  billing_invoices: { status: 'draft', number: null, issued_at: null, due_at: null, total_minor: 0 },
  billing_invoice_lines: { amount_minor: 0 },
  billing_ledger_entries: { amount_minor: 0 },
  billing_credit_notes: {
    get number() {
      return ++credits;
    },
  },
};

/** A change that breaks the rule, and the text that the rule must then report. */
const CANARIES: [rule: RuleName, subject: string, change: string][] = [
  ['every table belongs to a tenant', 'strays', 'create table strays (id uuid primary key)'],
  [
    'tenant_id is a uuid and never null',
    'products',
    'alter table products drop constraint products_pkey cascade; alter table products alter tenant_id drop not null',
  ],
  ['row security is enabled and forced', 'products', 'alter table products no force row level security'],
  ['row security is enabled and forced', 'products', 'alter table products disable row level security'],
  [
    'row security is enabled and forced',
    'outbox_events_default',
    'alter table outbox_events_default disable row level security',
  ],
  [
    "a tenant's access goes through tenant_isolation, reading and writing",
    'products',
    'drop policy tenant_isolation on products',
  ],
  [
    "a tenant's access goes through tenant_isolation, reading and writing",
    'products',
    'alter policy tenant_isolation on products using (true)',
  ],
  [
    "a tenant's access goes through tenant_isolation, reading and writing",
    'products',
    'alter policy tenant_isolation on products with check (true)',
  ],
  [
    "a tenant's access goes through tenant_isolation, reading and writing",
    'products',
    'drop policy tenant_isolation on products; create policy tenant_isolation on products to basecommerce_app using (tenant_id = app.current_tenant())',
  ],
  [
    'no other policy opens a table to tenants or to everybody',
    'products.also',
    'create policy also on products using (true)',
  ],
  [
    'no other policy opens a table to tenants or to everybody',
    'products.also',
    'create policy also on products for select to basecommerce_app using (true)',
  ],
  [
    'partitions are reached through their table only',
    'outbox_events_default',
    'grant select on outbox_events_default to basecommerce_app',
  ],
  ['rows of stores have a restore policy', 'products', 'comment on table products is null'],
  ['rows of stores have a restore policy', 'products', "comment on table products is 'What the store sells'"],
  [
    'rows of stores have a restore policy',
    'copies',
    'create table copies (tenant_id uuid not null, id uuid, primary key (tenant_id, id))',
  ],
  [
    'rows go back only with the rows they refer to',
    'order_lines to orders',
    "call app.set_restore_policy('orders', 'keep', 'order')",
  ],
  ['primary keys start with tenant_id', 'things', 'create table things (id uuid primary key, tenant_id uuid not null)'],
  ['indexes start with tenant_id', 'products_names', 'create index products_names on products (name)'],
  ['unique indexes carry tenant_id', 'products_names', 'create unique index products_names on products (name)'],
  [
    'foreign keys carry tenant_id',
    'things.things_other_fkey',
    'alter table products add unique (id); create table things (tenant_id uuid, id uuid, other uuid references products (id), primary key (tenant_id, id))',
  ],
  ['views run with the rights of their caller', 'peephole', 'create view peephole as select * from products'],
  ['nothing stores rows outside row security', 'copies', 'create materialized view copies as select * from products'],
  [
    'no function runs with the rights of its owner',
    'app.peek',
    'create function app.peek() returns bigint language sql security definer as $$ select 1 $$',
  ],
  [
    'functions with the rights of their owner fix their search_path',
    'app.peek',
    'create function app.peek() returns bigint language sql security definer set search_path = public as $$ select 1 $$',
  ],
  ['nothing is granted to everybody', 'function app.now', 'grant execute on function app.now() to public'],
  ['nothing is granted to everybody', 'relation products', 'grant select on products to public'],
  ['nothing is granted to everybody', 'schema public', 'grant create on schema public to public'],
  [
    'roles read and write rows and do nothing else to tables',
    'basecommerce_app truncate products',
    'grant truncate on products to basecommerce_app',
  ],
  ['roles have no attribute and belong to no role', 'basecommerce_app', 'alter role basecommerce_app bypassrls'],
  [
    'roles have no attribute and belong to no role',
    'basecommerce_app in pg_read_all_data',
    'grant pg_read_all_data to basecommerce_app',
  ],
  ['roles own nothing and create nothing', 'basecommerce_app', 'alter table products owner to basecommerce_app'],
  [
    'roles own nothing and create nothing',
    'basecommerce_relay in app',
    'grant create on schema app to basecommerce_relay',
  ],
];

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Runs `work` after `change`, and rolls the change back. */
async function after<Result>(change: string, work: () => Promise<Result>): Promise<Result> {
  await client.query('begin');
  try {
    await client.query(change);
    return await work();
  } finally {
    await client.query('rollback');
  }
}

describe('the catalogue', () => {
  it('breaks no rule', async () => {
    expect(await violations(client, EXCEPTIONS)).toEqual([]);
  });

  it('lets roles cross tenants exactly where the list says so', async () => {
    expect((await crossings(client)).filter((crossing) => !ENGINES_OWN.test(crossing))).toEqual(CROSSINGS);
    expect(CROSSINGS.filter((crossing) => ENGINES_OWN.test(crossing))).toEqual([]);
  });

  it('reports a violation of each rule', () => {
    expect(RULE_NAMES.filter((rule) => !CANARIES.some(([seen]) => seen === rule))).toEqual([]);
  });

  it.each(CANARIES)('reports %s (%s)', async (rule, subject, change) => {
    expect(await after(change, () => violations(client, EXCEPTIONS))).toContain(`${rule}: ${subject}`);
  });

  it('reports an unused exception', async () => {
    const stale = { ...EXCEPTIONS, 'nothing stores rows outside row security': { copies: 'long gone' } };
    expect(await violations(client, stale)).toEqual([
      'nothing stores rows outside row security: copies is listed as an exception and is none',
    ]);
  });

  it('reports a role that sees more than the list allows', async () => {
    const seen = await after('grant select on products to basecommerce_relay', () => crossings(client));
    expect(seen).toContain('products relay: select, without a policy');
    const opened = await after(
      'create policy relay_access on products to basecommerce_relay using (true) with check (true)',
      () => crossings(client),
    );
    expect(opened).toContain('products relay: nothing, with the policy relay_access');
  });
});

describe('an attack', () => {
  let attacker: Attacker;

  beforeAll(() => {
    attacker = new Attacker(client, new RowMaker(client, OVERRIDES), randomUUID(), randomUUID());
  });

  it('succeeds on no table', async () => {
    const tables = await tenantTables(client);
    expect(tables.length).toBeGreaterThan(15);
    const leaks: string[] = [];
    for (const table of tables) leaks.push(...(await attacker.on(table)));
    expect(leaks).toEqual([]);
  });

  it.each([
    ['alter policy tenant_isolation on products using (true)', 'products: as another tenant, rows are read'],
    [
      'alter policy tenant_isolation on products with check (true)',
      'products: as another tenant, a row is inserted for another tenant',
    ],
    [
      "alter policy tenant_isolation on products using (tenant_id = app.current_tenant() or current_setting('app.tenant_id', true) = '')",
      'products: with an empty tenant, rows are read',
    ],
    ['alter table products disable row level security', 'products: without a tenant, rows are deleted'],
    [
      'create policy slip on products to basecommerce_engines using (true)',
      'products: basecommerce_engines reads rows without a policy for it',
    ],
  ])('would get through after: %s', async (change, leak) => {
    const products = (await tenantTables(client)).find((table) => table.name === 'products')!;
    await client.query(change);
    try {
      expect(await attacker.on(products)).toContain(leak);
    } finally {
      await client.query(`
        alter table products enable row level security; drop policy if exists slip on products;
        alter policy tenant_isolation on products using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())`);
    }
  });

  it('does not reach a partition directly', async () => {
    const partitions = await client.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c where relispartition and relkind = 'r' and relnamespace = 'public'::regnamespace`,
    );
    expect(partitions.rows.length).toBeGreaterThan(0);
    for (const { name } of partitions.rows) {
      const seen = await after(`grant select on ${name} to basecommerce_app; set local role basecommerce_app`, () =>
        client.query(`select from ${name}`),
      );
      expect([name, seen.rowCount]).toEqual([name, 0]);
    }
  });
});
