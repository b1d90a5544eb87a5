/**
 * Exports one store to a file and restores it, without changes to other stores, the operator's books and the order of
 * events.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import type { Redis } from 'ioredis';
import { EVENT_CONTRACTS } from '#contracts/event-contracts';
import { SUBSCRIPTIONS } from '#contracts/rooms';
import { billingEngine } from '#engines/billing/worker';
import { salesEngine } from '#engines/sales/worker';
import { stockEngine } from '#engines/stock/worker';
import { entitlementsProjection } from '#modules/entitlements/worker';
import {
  compareWithArchive,
  exportStore,
  restoreStore,
  type Restored,
  type TenantTable,
  tenantTables,
} from '#platform/backup';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { drainUntilIdle, replay, Worker } from '#platform/inbox/worker';
import { Relay, RELAY_LIMITS, RelayRepository } from '#platform/outbox/relay';
import { fenceDatabase } from '#platform/recovery';
import { connectRedis, EventStreams, StreamNames } from '#platform/streams';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { staysTrue, waitUntil } from '#testing/waiting';
import { storeCommand } from '../../apps/basecommerce/stores/command.js';
import { type Caller, startSystem, type System } from './system.js';

const ENGINES = [stockEngine, salesEngine, billingEngine, entitlementsProjection];
const PARTITIONS = 4;
const AGGREGATES = [...new Set(EVENT_CONTRACTS.map(({ aggregate }) => aggregate))];

const LARGE = sampleSize(20_000, 100_000);

let system: System;
let owner: pg.Pool;
let long: CrossTenantDatabase;
let relay: Relay;
let worker: Worker;
let redis: Redis;
let folder: string;
let acme: Caller;
let bolt: Caller;
const vertical = `stores-${randomUUID().slice(0, 8)}`;
const closers: (() => Promise<unknown> | void)[] = [];

beforeAll(async () => {
  system = await startSystem();
  folder = await mkdtemp(path.join(tmpdir(), 'store-backup-'));
  owner = new pg.Pool({ connectionString: system.database.url, max: 2 });
  const crossing = (role: 'basecommerce_operator' | 'basecommerce_relay' | 'basecommerce_engines') => {
    const database = new CrossTenantDatabase({
      url: system.database.url,
      role,
      application: role,
      statementTimeoutMs: 120_000,
    });
    closers.push(() => database.close());
    return database;
  };
  const connect = (isBlocking = false) => {
    const one = connectRedis({ url: process.env['TEST_REDIS_URL']!, name: vertical, isBlocking });
    closers.push(() => one.disconnect());
    return one;
  };
  long = crossing('basecommerce_operator');
  redis = connect();
  const names = new StreamNames(vertical, PARTITIONS);
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  relay = new Relay({
    ...RELAY_LIMITS,
    repository: new RelayRepository(crossing('basecommerce_relay'), vertical, PARTITIONS),
    streams: new EventStreams(connect(), names),
    subscriptions: SUBSCRIPTIONS,
    subscriber: connect(),
    holder: 'relay',
    log,
    at: () => undefined,
    // Run step by step, until all events are applied.
    leaseMs: 600_000,
  });
  worker = new Worker({
    database: crossing('basecommerce_engines'),
    streams: new EventStreams(connect(), names),
    reader: () => connect(true),
    consumers: ENGINES,
    holder: 'worker',
    log,
    leaseMs: 600_000,
  });
  acme = await system.as('acme', 'owner');
  bolt = await system.as('bolt', 'owner');
});
afterAll(async () => {
  await worker.stop();
  const keys = await redis.keys(`*{${vertical}}*`);
  if (keys.length > 0) await redis.del(...keys);
  for (const close of closers.reverse()) await close();
  await owner.end();
  await system.stop();
  await rm(folder, { recursive: true });
});

const file = (name: string) => path.join(folder, name);
const backUp = (name: string, store = 'acme', key?: string) => exportStore(long, { store, file: file(name), key });
const settled = () => drainUntilIdle(relay, worker);

interface Options {
  readonly store?: string;
  readonly key?: string;
  readonly isDryRun?: boolean;
  readonly meanwhile?: () => Promise<void>;
}

async function restore(
  name: string,
  { store = 'acme', key, isDryRun = false, meanwhile }: Options = {},
): Promise<Restored> {
  const desk = system.operator();
  return restoreStore(
    long,
    { store, file: file(name), key },
    {
      actor: 'operator:test',
      reason: 'asked for by the owner',
      events: { aggregates: AGGREGATES, subscriptions: SUBSCRIPTIONS },
      isDryRun,
      suspend: async () => {
        expect((await desk.post(`/operator/v1/tenants/${store}/suspend`, { reason: 'restore' })).status).toBe(200);
        await meanwhile?.();
      },
      reactivate: async () =>
        void expect((await desk.post(`/operator/v1/tenants/${store}/reactivate`, { reason: 'restore' })).status).toBe(
          200,
        ),
    },
  );
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no refusal',
    (error: { code?: string }) => error.code ?? 'an error without a code',
  );
}

let nth = 0;

async function product(caller: Caller, name: string, price = '32.00'): Promise<string> {
  const { body } = await caller.post('/products', { code: `P-${++nth}`, name, unit: 'H87', price });
  await caller.post('/stock/movements', { product_id: body.id, kind: 'receive', quantity: '100' });
  return body.id as string;
}

async function sale(caller: Caller, productId: string, quantity: string): Promise<{ order: string; number: string }> {
  const customer = (await caller.post('/customers', { kind: 'company', name: `Cliente ${++nth}` })).body.id;
  const lines = [{ product_id: productId, quantity }];
  const quote = (await caller.post('/quotes', { customer_id: customer, lines })).body.id;
  await caller.post(`/quotes/${quote}/send`);
  await caller.post(`/quotes/${quote}/accept`, { accepted_by: 'Marina Duarte' });
  const { order_id: order, number } = (await caller.post(`/quotes/${quote}/convert`)).body;
  for (const status of ['preparing', 'out_for_delivery', 'delivered'])
    await caller.post(`/orders/${order}/status`, { status });
  return { order, number };
}

/** A digest of the tenant's rows, by table. */
async function digest(
  tenant: string,
  isWanted: (table: TenantTable) => boolean = () => true,
): Promise<Record<string, string>> {
  const tables = (await tenantTables(long)).filter(isWanted);
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const key = name === 'tenants' ? 'id' : 'tenant_id';
    const { rows } = await owner.query<{ line: string }>(
      `select t::text as line from ${name} t where ${key} = $1 order by t::text collate "C"`,
      [tenant],
    );
    found[name] = createHash('sha256')
      .update(rows.map(({ line }) => line).join('\n'))
      .digest('hex');
  }
  return found;
}

const goesBack = ({ policy }: TenantTable) => policy.kind === 'back';
const isOfOperator = ({ name }: TenantTable) => name.startsWith('billing_') || name === 'users';

/** The engines' tables, without the marks of running work. */
async function beliefs(tenant: string): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const engine of [stockEngine, salesEngine])
    for (const table of engine.tables) {
      const { rows } = await owner.query<{ row: unknown }>(
        `select to_jsonb(t) - 'is_stale' as row from ${table} t where tenant_id = $1 order by (to_jsonb(t) - 'is_stale')::text collate "C"`,
        [tenant],
      );
      found[table] = rows.map(({ row }) => row);
    }
  return found;
}

describe('a store', () => {
  it('gets its earlier state, and other stores do not change', async () => {
    const cement = await product(acme, 'Cimento CP II');
    await sale(acme, cement, '10');
    await settled();
    // Not yet delivered at the moment of the archive: in the outbox, and in no inbox.
    const sand = await product(acme, 'Areia média');
    await sale(acme, sand, '5');
    const { header, tables } = await backUp('acme.bcs');
    expect(header).toMatchObject({ tenant: system.tenants.acme, slug: 'acme' });
    expect(tables.find(({ table }) => table === 'products')).toMatchObject({ rows: 2 });
    const then = await digest(system.tenants.acme, goesBack);
    await settled();

    await acme.patch(`/products/${cement}`, { name: 'Renamed by mistake' });
    await sale(acme, cement, '7');
    const doomed = await product(acme, 'Never meant to be');
    const lost = await sale(acme, doomed, '3');
    await sale(bolt, await product(bolt, 'Bolt’s own'), '2');
    await settled();
    await sale(acme, doomed, '1');
    await relay.drain(); // in Redis when the past comes back
    await sale(acme, doomed, '2'); // in the outbox
    const others = await digest(system.tenants.bolt);
    const books = await digest(system.tenants.acme, isOfOperator);

    const restored = await restore('acme.bcs');
    expect(await digest(system.tenants.bolt)).toEqual(others);
    expect(await digest(system.tenants.acme, isOfOperator)).toEqual(books);
    const stale = Object.keys(then).filter((table) => /_engine_(customers|products|quotes)$/.test(table));
    const now = await digest(system.tenants.acme, (table) => goesBack(table) && !stale.includes(table.name));
    for (const table of stale) delete then[table];
    expect(now).toEqual(then);
    expect(restored.comparison.find(({ table }) => table === 'products')).toEqual({
      table: 'products',
      policy: 'back',
      same: 1,
      different: 1,
      only_in_store: 1,
      only_in_archive: 0,
    });
    expect(restored.repeated).toBeGreaterThan(0);

    // The same version of the same product as in the undone time, but another event.
    const patched = await acme.patch(`/products/${cement}`, { name: 'Cimento CP II-Z' });
    expect(patched.status).toBe(200);
    const next = await sale(acme, cement, '4');
    expect(next.number > lost.number).toBe(true);
    await settled();
    const { rows: unheard } = await owner.query(
      `select o.type, h.engine from outbox_events o
         join (values ('stock', 'product'), ('stock', 'stock'), ('stock', 'order'), ('sales', 'quote'), ('sales', 'order'), ('sales', 'product'), ('billing', 'order')) h(engine, aggregate)
           on h.aggregate = o.aggregate
        where not exists (select from inbox_events i where i.tenant_id = o.tenant_id and i.engine = h.engine and i.event_id = o.id)`,
    );
    expect(unheard).toEqual([]);
    const { rows: held } = await owner.query(`select from deferred_events union all select from failed_events`);
    expect(held).toEqual([]);
    // The engines' tables equal a replay of the outbox from its beginning.
    const believed = await beliefs(system.tenants.acme);
    const rebuilding = new CrossTenantDatabase({
      url: system.database.url,
      role: 'basecommerce_engines',
      application: 'replay',
    });
    for (const engine of [stockEngine, salesEngine])
      for await (const _ of replay(rebuilding, engine, system.tenants.acme));
    await rebuilding.close();
    await settled();
    expect(believed).toEqual(await beliefs(system.tenants.acme));
    expect(JSON.stringify(believed)).toContain(sand);
    expect(JSON.stringify(believed)).not.toContain(doomed);
    const { rows: names } = await owner.query(`select name from products where tenant_id = $1 order by name`, [
      system.tenants.acme,
    ]);
    expect(names).toEqual([{ name: 'Areia média' }, { name: 'Cimento CP II-Z' }]);
    const audit = (await system.operator().get('/operator/v1/audit?tenant=acme')).body.data as {
      action: string;
      reason: string;
    }[];
    expect(audit.find(({ action }) => action === 'store.restore')).toMatchObject({ reason: 'asked for by the owner' });
  });

  it('refuses writes while it is restored; other stores accept them', async () => {
    await backUp('pause.bcs');
    const answers: unknown[] = [];
    await restore('pause.bcs', {
      meanwhile: async () => {
        answers.push((await acme.post('/customers', { kind: 'company', name: 'Now' })).body.code);
        answers.push(
          (await acme.get('/customers')).status,
          (await bolt.post('/customers', { kind: 'company', name: 'Now' })).status,
        );
      },
    });
    expect(answers).toEqual(['tenant_suspended', 200, 201]);
    expect((await acme.post('/customers', { kind: 'company', name: 'Later' })).status).toBe(201);
  });

  it('waits for a request that started before', async () => {
    await backUp('busy.bcs');
    const request = new pg.Client({ connectionString: system.database.url, application_name: 'vertical' });
    await request.connect();
    await request.query('begin');
    await request.query(`update customers set name = 'Committed late' where tenant_id = $1`, [system.tenants.acme]);
    let [hasCommitted, hasRestored] = [false, false];
    const commit = async () => {
      const suspended = `select from tenants where id = $1 and state = 'suspended'`;
      await waitUntil(
        'the store takes no more requests',
        async () => (await owner.query(suspended, [system.tenants.acme])).rowCount === 1,
      );
      await staysTrue('the restore waits', () => !hasRestored, 200);
      hasCommitted = true;
      await request.query('commit');
      await request.end();
    };
    const committing = commit();
    const { comparison } = await restore('busy.bcs').finally(() => (hasRestored = true));
    expect(hasCommitted).toBe(true);
    await committing;
    // It was committed before the restore, and it was undone.
    expect(comparison.find(({ table }) => table === 'customers')!.different).toBeGreaterThan(0);
    const { rows } = await owner.query(`select from customers where name = 'Committed late'`);
    expect(rows).toEqual([]);
  });

  it('can be restored as a dry run, without any change', async () => {
    await backUp('dry.bcs');
    await acme.post('/customers', { kind: 'company', name: 'After the archive' });
    const [mine, theirs] = [await digest(system.tenants.acme), await digest(system.tenants.bolt)];
    const rights = async () =>
      (
        await owner.query(
          `select relname, relacl::text from pg_class where relnamespace = 'public'::regnamespace order by 1`,
        )
      ).rows;
    const before = await rights();
    const rehearsed = await restore('dry.bcs', { isDryRun: true });
    expect(rehearsed.comparison.find(({ table }) => table === 'customers')).toMatchObject({ only_in_store: 1 });
    expect(await digest(system.tenants.acme)).toEqual(mine);
    expect(await digest(system.tenants.bolt)).toEqual(theirs);
    await restore('dry.bcs');
    expect(await rights()).toEqual(before);
    const { rows } = await owner.query(`select from pg_namespace where nspname like 'restore%'`);
    expect(rows).toEqual([]);
  });
});

describe('an archive', () => {
  it('contains no data of other stores and no secret', async () => {
    await backUp('open.bcs');
    const raw = await readFile(file('open.bcs'));
    const text = gunzipSync(raw.subarray(raw.indexOf(10) + 1)).toString();
    expect(text).toContain('Areia média');
    for (const secret of [system.tenants.bolt, 'Bolt’s own', 'password_hash', 'argon2', 'refresh_hash'])
      expect(text).not.toContain(secret);
  });

  it('opens with its key only', async () => {
    await backUp('sealed.bcs', 'acme', 'correct horse battery staple');
    const raw = await readFile(file('sealed.bcs'));
    expect(() => gunzipSync(raw.subarray(raw.indexOf(10) + 1))).toThrow();
    const { comparison } = await compareWithArchive(long, {
      store: 'acme',
      file: file('sealed.bcs'),
      key: 'correct horse battery staple',
    });
    expect(comparison.every(({ different }) => different === 0)).toBe(true);
    expect(await codeOf(restore('sealed.bcs'))).toBe('archive_locked');
    expect(await codeOf(restore('sealed.bcs', { key: 'another key' }))).toBe('archive_key_wrong');
    raw[raw.length - 40]! ^= 1;
    await writeFile(file('changed.bcs'), raw);
    expect(await codeOf(restore('changed.bcs', { key: 'correct horse battery staple' }))).toBe('archive_key_wrong');
  });

  it('is refused when it is damaged, cut off, of another store, of other tables or none at all', async () => {
    await backUp('good.bcs');
    await backUp('bolt.bcs', 'bolt');
    const raw = await readFile(file('good.bcs'));
    const before = await digest(system.tenants.acme);
    const at = raw.indexOf(10) + 1;
    const text = gunzipSync(raw.subarray(at)).toString();
    const { gzipSync } = await import('node:zlib');
    const rewritten = (change: (text: string) => string) =>
      Buffer.concat([raw.subarray(0, at), gzipSync(change(text))]);
    const flipped = Buffer.from(raw);
    flipped[Math.floor(raw.length / 2)]! ^= 0xff;
    const cases: [name: string, content: Buffer, code: string][] = [
      ['flipped', flipped, 'archive_damaged'],
      ['cut', raw.subarray(0, Math.floor(raw.length / 2)), 'archive_damaged'],
      ['without-manifest', rewritten((all) => all.slice(0, all.lastIndexOf('\nM') + 1)), 'archive_damaged'],
      ['edited', rewritten((all) => all.replace('Areia média', 'Areia fina!')), 'archive_damaged'],
      [
        'older',
        rewritten((all) => all.replace(/"products":"[0-9a-f]{16}"/, '"products":"0000000000000000"')),
        'archive_schema_changed',
      ],
      ['text', Buffer.from('hello\n'), 'archive_unreadable'],
      ['empty', Buffer.alloc(0), 'archive_unreadable'],
    ];
    for (const [name, content, code] of cases) {
      await writeFile(file(name), content);
      expect([name, await codeOf(restore(name))]).toEqual([name, code]);
    }
    expect(await codeOf(restore('bolt.bcs'))).toBe('archive_of_another_store');
    expect(await codeOf(restore('missing.bcs'))).toBe('archive_unreadable');
    expect(await codeOf(restore('good.bcs', { store: 'nobody' }))).toBe('store_not_found');
    await owner.query('alter table products add column later text');
    expect(await codeOf(restore('good.bcs'))).toBe('archive_schema_changed');
    await owner.query('alter table products drop column later');
    expect(await digest(system.tenants.acme)).toEqual(before);
  });

  it('is refused while the whole database is fenced', async () => {
    await backUp('fenced.bcs');
    await long.transaction((tx) => fenceDatabase(tx, 'operator:test', 'looking into it'));
    expect(await codeOf(restore('fenced.bcs'))).toBe('restore_fenced');
    await owner.query(`update recovery_state set fenced_at = null, fenced_by = null, fenced_because = null`);
    expect((await system.operator().get('/operator/v1/tenants/acme')).body.state).toBe('active');
  });
});

describe('the command', () => {
  const written: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write.bind(stream));
  beforeEach(() => {
    for (const stream of streams) stream.write = (text) => Boolean(written.push(String(text)));
  });
  afterEach(() => streams.forEach((stream, index) => (stream.write = writes[index]!)));

  const run = async (...words: string[]) => {
    written.length = 0;
    // The other commands are operations of the console, so this test calls the console.
    const request = ([, verb, store, , reason]: string[]) =>
      system.operator().post(`/operator/v1/tenants/${store}/${verb}`, { reason });
    const code = await storeCommand(words, () => system.settings, request);
    return { code, text: written.join('') };
  };

  it('exports and restores, and prints what it did', async () => {
    const archive = file('command.bcs');
    await writeFile(file('key'), 'a sentence that is long enough to be a key\n');
    const sealed = ['--key-file', file('key')];
    expect(await run('backup', 'store', 'acme', '--to', archive, ...sealed, '--json')).toMatchObject({ code: 0 });
    expect(JSON.parse(written.join(''))).toMatchObject({ store: 'acme', file: archive });
    await acme.post('/customers', { kind: 'company', name: 'By mistake' });
    const compared = await run('restore', 'compare', 'acme', '--from', archive, ...sealed);
    expect(compared).toMatchObject({
      code: 0,
      text: expect.stringMatching(/customers +back +\d+ +0 +1 +0/) as string,
    });
    const restored = await run('restore', 'store', 'acme', '--from', archive, '--reason', 'a mistake', ...sealed);
    expect(restored).toMatchObject({ code: 0, text: expect.stringMatching(/set_back_to +\d{4}-/) as string });
    expect((await run('restore', 'compare', 'acme', '--from', archive, ...sealed)).text).not.toMatch(/^customers /m);
    expect((await acme.post('/customers', { kind: 'company', name: 'And on' })).status).toBe(201);
  });

  it.each([
    [['backup', 'store', 'acme'], 2, 'missing_argument: --to is missing.'],
    [['restore', 'store', 'acme', '--from', 'x'], 2, 'missing_argument: --reason is missing.'],
    [['restore', 'store', '--from', 'x', '--reason', 'y'], 2, 'missing_argument: <store> is missing.'],
    [['restore', 'store', 'acme', '--form', 'x'], 2, 'unknown_flag:'],
    [['restore', 'all'], 2, 'unknown_command:'],
    [['restore', 'store', 'acme', '--from', '/nowhere', '--reason', 'y'], 3, 'archive_unreadable:'],
    [['backup', 'store', 'nobody', '--to', '/tmp/never.bcs'], 3, 'store_not_found:'],
    [['backup', 'store', 'acme', '--to', '/tmp/never.bcs', '--key-file', '/nowhere'], 3, 'key_unreadable:'],
    [['restore', 'store', '--help'], 0, 'basecommerce restore store <store> --from <file>'],
  ])('answers %j with exit code %i in one line', async (words, code, text) => {
    const answer = await run(...words);
    expect(answer.code).toBe(code);
    expect(answer.text.startsWith(text)).toBe(true);
  });
});

it(`is done within minutes for a store of ${LARGE} rows`, async () => {
  await owner.query(
    `insert into customers select m.* from (select * from customers where tenant_id = $1 limit 1) t, generate_series(1, $2::int) as n,
       lateral jsonb_populate_record(t::customers, jsonb_build_object('id', gen_random_uuid(), 'name', 'Cliente ' || n)) m`,
    [system.tenants.bolt, LARGE],
  );
  const startedAt = performance.now();
  const { tables } = await backUp('large.bcs', 'bolt');
  const exportedMs = Math.round(performance.now() - startedAt);
  await owner.query(`update customers set name = 'Lost' where tenant_id = $1 and name like 'Cliente %'`, [
    system.tenants.bolt,
  ]);
  const applied = await restore('large.bcs', { store: 'bolt' });
  const totalMs = Math.round(performance.now() - startedAt);
  const rowsOf = tables.reduce((sum, { rows: count }) => sum + count, 0);
  printFigures('backup and restore:', {
    rows: rowsOf,
    bytes: (await readFile(file('large.bcs'))).length,
    exportedMs,
    suspendedMs: applied.suspendedMs,
    totalMs,
  });
  expect(rowsOf).toBeGreaterThan(LARGE);
  const { rows: lost } = await owner.query(`select from customers where tenant_id = $1 and name = 'Lost'`, [
    system.tenants.bolt,
  ]);
  expect(lost).toEqual([]);
  expect(totalMs).toBeLessThan(15 * 60_000);
});
