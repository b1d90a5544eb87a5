/**
 * The metrics of the real processes. An action changes the metric about it; every metric is used by a rule or a
 * dashboard, and these use only metrics that exist.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createTenant } from '#modules/tenancy';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { freePort, RealProcess, type Scrape } from './processes.js';

const PASSWORD = 'demo-demo-demo';
const REQUESTS_AT_ONCE = 2;
const ENGINES = ['stock', 'sales', 'billing', 'entitlements'];

interface Redis {
  readonly pid: number;
  readonly url: string;
}

interface Watching {
  readonly expressions: readonly { readonly where: string; readonly expr: string }[];
  readonly foreignMetrics: ReadonlySet<string>;
  readonly recordedMetrics: ReadonlySet<string>;
  metricsOf(expression: string): string[];
  isAmong(known: ReadonlySet<string>, name: string): boolean;
}

let home: string;
let redis: Redis;
let database: TestDatabase;
let vertical: RealProcess;
let worker: RealProcess;
let relay: RealProcess;
let port: number;

const launcher = async <Module>(name: string) => (await import(path.resolve('tools', name))) as Module;

async function startRedis(): Promise<Redis> {
  const { startRedis: start } = await launcher<{ startRedis(options: object): Promise<Redis> }>('launch/redis.mjs');
  return start({ data: path.join(home, 'redis'), logFile: path.join(home, 'redis.log') });
}

beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'metrics-'));
  [redis, database, port] = await Promise.all([startRedis(), createTestDatabase(), freePort()]);
  const crossing = new CrossTenantDatabase({ url: database.url, role: 'basecommerce_operator', application: 'test' });
  await crossing.transaction((tx) =>
    createTenant(tx, 'system:test', {
      slug: 'acme',
      legal_name: 'Acme Ltda',
      owner_email: 'owner@acme.test',
      owner_name: 'Owner',
      owner_password: PASSWORD,
      locale: 'pt-BR',
      time_zone: 'America/Sao_Paulo',
      currency: 'BRL',
    }),
  );
  await crossing.close();
  const environment = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    SECRET_KEY: 'sk-8Hq2Lw9Zx4Rt7Vb1Nm5Kp3Js6Gd0FaXy',
    MANAGEMENT_API_KEY: 'mk-3f9Q7xW2bZ8vK1nR5tY6uJ0pL4sD7cE9',
    ENCRYPTION_KEY: 'ek-5Tg8Yh1Uj4Ik7Ol2Pm9Qa3Ws6Ed0RfZu',
    TENANT_SOURCE: 'host',
    LOG_LEVEL: 'error',
    STREAM_PARTITIONS: '4',
    REQUESTS_AT_ONCE: String(REQUESTS_AT_ONCE),
    PORT: String(port),
  };
  [relay, worker, vertical] = (await Promise.all(
    (['outbox-relay', 'engines-worker', 'vertical'] as const).map((name) => RealProcess.start(name, environment)),
  )) as [RealProcess, RealProcess, RealProcess];
  // The private port opens first.
  while ((await ask('GET', '/health').catch(() => undefined))?.status !== 200) await pause(50);
});

afterAll(async () => {
  await Promise.all([vertical, worker, relay].map((one) => one?.stop()));
  process.kill(redis.pid, 'SIGTERM');
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

/** `fetch` does not let a caller name another host. */
function ask(method: string, url: string, body?: object, token?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'acme.localhost',
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    };
    const request = http.request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.once('end', () => resolve({ status: answer.statusCode!, body: text }));
    });
    request.once('error', reject).end(body && JSON.stringify(body));
  });
}

const signIn = (password: string, email = 'owner@acme.test') => ask('POST', '/api/v1/auth/login', { email, password });

async function token(): Promise<string> {
  return (JSON.parse((await signIn(PASSWORD)).body) as { access_token: string }).access_token;
}

const moved = (before: Scrape, after: Scrape, name: string, labels: Record<string, string>) =>
  (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);

describe('requests', () => {
  it('are counted by route pattern, method and status, for any path', async () => {
    const bearer = await token();
    const before = await vertical.scrape();
    for (const id of ['0190a1f0-0000-7000-8000-000000000001', '0190a1f0-0000-7000-8000-000000000002'])
      expect((await ask('GET', `/api/v1/products/${id}`, undefined, bearer)).status).toBe(404);
    await ask('GET', '/nobody/serves/this', undefined, bearer);
    await ask('PROPFIND', '/api/v1/products', undefined, bearer);
    const after = await vertical.scrape();
    const count = 'http_request_duration_seconds_count';
    expect(moved(before, after, count, { method: 'GET', route: '/api/v1/products/:id', status: '404' })).toBe(2);
    const addresses = after.samples(count).map(({ labels }) => labels['route']!);
    expect(addresses.filter((route) => route.includes('0190a1f0') || route.includes('nobody'))).toEqual([]);
    expect(after.samples(count).filter(({ labels }) => labels['method'] === 'PROPFIND')).toEqual([]);
  });

  it('within the promised 250 ms have a bucket of their own', async () => {
    const scrape = await vertical.scrape();
    expect(scrape.value('http_request_duration_seconds_bucket', { le: '0.25' })).toBeGreaterThan(0);
  });

  it('that exceed the limit at once are counted separately', async () => {
    const before = await vertical.scrape();
    const bearer = await token();
    let refused = 0;
    // On a busy machine, simultaneous requests may arrive one by one.
    for (let wave = 0; wave < 10 && refused === 0; wave++) {
      const answers = await Promise.all(
        Array.from({ length: 20 * REQUESTS_AT_ONCE }, () => ask('GET', '/api/v1/products', undefined, bearer)),
      );
      refused = answers.filter(({ status }) => status === 429).length;
    }
    expect(refused).toBeGreaterThan(0);
    const after = await vertical.scrape();
    expect(moved(before, after, 'http_refused_requests_total', { reason: 'too_many_at_once' })).toBe(refused);
    expect(after.value('http_requests_in_flight')).toBe(0);
  });
});

describe('sign-ins', () => {
  it('are counted by outcome', async () => {
    const before = await vertical.scrape();
    expect((await signIn(PASSWORD)).status).toBe(200);
    expect((await signIn('not-the-password')).status).toBe(401);
    expect((await signIn('nor-is-this-one')).status).toBe(401);
    const after = await vertical.scrape();
    const outcome = (name: string) => moved(before, after, 'sign_in_attempts_total', { outcome: name });
    expect([outcome('succeeded'), outcome('refused'), outcome('limited')]).toEqual([1, 2, 0]);
    // With an unknown account, because the owner still has to sign in.
    for (let nth = 0; nth <= 10; nth++) await signIn('not-the-password', 'nobody@acme.test');
    expect(moved(after, await vertical.scrape(), 'sign_in_attempts_total', { outcome: 'limited' })).toBeGreaterThan(0);
  });
});

describe('stores', () => {
  it('are counted by state, also states without a store', async () => {
    const scrape = await vertical.scrape();
    const counted = Object.fromEntries(scrape.samples('tenants').map(({ labels, value }) => [labels['state'], value]));
    expect(counted).toEqual({ active: 1, suspended: 0, closed: 0 });
  });
});

describe('events', () => {
  it('are counted from the outbox to every engine', async () => {
    const [published, applied] = [await relay.scrape(), await worker.scrape()];
    const bearer = await token();
    expect((await ask('POST', '/api/v1/products', product('one'), bearer)).status).toBe(201);
    const after = await worker.tells(
      (scrape) => moved(applied, scrape, 'inbox_applied_events_total', { engine: 'stock' }) > 0,
    );
    expect(after.value('dead_letters', { engine: 'stock' }) ?? 0).toBe(0);
    expect(moved(published, await relay.scrape(), 'outbox_published_events_total', {})).toBeGreaterThan(0);
  });

  it('have streams and leases for every partition, and in the end none is waiting', async () => {
    const leading = await relay.tells((scrape) => scrape.samples('stream_lag_seconds').length > 0);
    expect(leading.value('outbox_relay_leader')).toBe(1);
    expect(leading.samples('stream_entries').map(({ labels }) => labels['partition'])).toEqual(['0', '1', '2', '3']);
    await worker.tells((scrape) => ENGINES.every((engine) => scrape.value('inbox_held_partitions', { engine }) === 4));
    await relay.tells(
      (scrape) => scrape.value('stream_lag_seconds') === 0 && scrape.value('outbox_unpublished_events') === 0,
    );
  });
});

describe('an unavailable server', () => {
  it('gives a growing outbox and not old values while Redis is down, and normal values afterwards', async () => {
    const bearer = await token();
    process.kill(redis.pid, 'SIGSTOP');
    try {
      expect((await ask('POST', '/api/v1/products', product('two'), bearer)).status).toBe(201);
      const waiting = await relay.tells((scrape) => (scrape.value('outbox_unpublished_age_seconds') ?? 0) > 1);
      expect(waiting.value('outbox_unpublished_events')).toBeGreaterThan(0);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await relay.tells((scrape) => scrape.value('outbox_unpublished_events') === 0);
  });
});

describe('pools and processes', () => {
  it('report their use', async () => {
    const scrape = await vertical.scrape();
    expect(scrape.value('database_pool_max', { pool: 'vertical' })).toBe(10);
    expect(scrape.value('database_pool_waiting', { pool: 'vertical' })).toBe(0);
    const open =
      (scrape.value('database_pool_in_use', { pool: 'vertical' }) ?? 0) +
      (scrape.value('database_pool_idle', { pool: 'vertical' }) ?? 0);
    expect(open).toBeGreaterThan(0);
    expect((await worker.scrape()).value('database_pool_max', { pool: 'engines-worker' })).toBeGreaterThanOrEqual(10);
    expect(scrape.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect(scrape.value('process_resident_memory_bytes')).toBeGreaterThan(30e6);
  });
});

describe('rules and dashboards', () => {
  it('use existing metrics only, and every metric of ours', async () => {
    const watching = await launcher<Watching>('check/watching.mjs');
    const exported = new Set(
      (await Promise.all([vertical, worker, relay].map((one) => one.scrape()))).flatMap((one) => one.families),
    );
    const known = new Set([...exported, ...watching.foreignMetrics, ...watching.recordedMetrics]);
    const asked = watching.expressions.flatMap(({ where, expr }) =>
      watching.metricsOf(expr).map((name) => ({ where, name })),
    );
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter(({ name }) => !watching.isAmong(known, name))).toEqual([]);
    const families = new Set(asked.flatMap(({ name }) => [name, name.replace(/_(bucket|sum|count)$/, '')]));
    // The library's default metrics need no rule or dashboard.
    const own = [...exported].filter((name) => !/^(nodejs|process)_/.test(name));
    expect(own.length).toBeGreaterThan(40);
    expect(own.filter((name) => !families.has(name))).toEqual([]);
  });
});

function product(code: string): object {
  return { code, name: `Product ${code}`, unit: 'H87', price: '32.00' };
}
