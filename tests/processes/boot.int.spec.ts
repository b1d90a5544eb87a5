/**
 * A process that cannot reach PostgreSQL or Redis names it in one line, with host and port and no password, and ends
 * with 1.
 */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { freePort } from './processes.js';

const PASSWORD = randomBytes(12).toString('hex');
const key = () => randomBytes(36).toString('base64url');
const KEYS = { SECRET_KEY: key(), MANAGEMENT_API_KEY: key(), ENCRYPTION_KEY: key() };
const REDIS_URL = process.env['TEST_REDIS_URL']!;

/** The processes that need PostgreSQL to start, and those that also need Redis; the vertical works without Redis. */
const NEED_DATABASE: readonly (readonly [title: string, ...words: string[]])[] = [
  ['vertical', 'vertical'],
  ['engines work', 'engines-worker'],
  ['engines run', 'engines-worker', 'run', 'stock'],
  ['outbox-relay', 'outbox-relay'],
  ['migrate', 'migrate'],
  ['migrate', 'migrate', '--plan'],
  ['basecommerce', 'basecommerce', 'tenants', 'list'],
  ['basecommerce', 'basecommerce', 'backup', 'store', 'acme', '--to', '/nowhere'],
];
const NEED_REDIS = NEED_DATABASE.filter(([title]) => title === 'engines work' || title === 'outbox-relay');

let database: TestDatabase;
let closed: number;
let silent: Server;

beforeAll(async () => {
  [database, closed] = await Promise.all([createTestDatabase(), freePort()]);
  silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
});

afterAll(async () => {
  silent.close();
  await database.drop();
});

interface Ended {
  readonly code: number | null;
  readonly lines: string[];
}

/** Killed when it does not end by itself: then it has started, and `code` is null. */
function ended([, app, ...words]: readonly string[], stores: { database?: string; redis?: string }): Promise<Ended> {
  const child = spawn(process.execPath, [path.join('dist/apps', app!, 'main.js'), ...words], {
    env: {
      ...{ PATH: process.env['PATH'], NODE_ENV: 'test', PORT: '0', METRICS_PORT: '0', ...KEYS },
      ...{ DATABASE_URL: stores.database ?? database.url, REDIS_URL: stores.redis ?? REDIS_URL },
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code, lines: said.split('\n').filter(Boolean) })),
  );
}

function saysOnly({ code, lines }: Ended, line: RegExp): void {
  expect(lines).toEqual([expect.stringMatching(line)]);
  expect(lines[0]).not.toContain(PASSWORD);
  expect(code).toBe(1);
}

const postgresAt = (place: string, name = 'shop') => `postgres://postgres:${PASSWORD}@${place}/${name}`;
const silentPort = () => (silent.address() as AddressInfo).port;

describe('without PostgreSQL', () => {
  it.each(NEED_DATABASE.map((one) => [one.slice(1).join(' '), one] as const))(
    '%s names it in one line',
    async (_, one) => {
      saysOnly(
        await ended(one, { database: postgresAt(`127.0.0.1:${closed}`) }),
        new RegExp(`^${one[0]}: PostgreSQL at 127\\.0\\.0\\.1:${closed} cannot be reached: connect ECONNREFUSED`),
      );
    },
  );

  it.each([
    ['a name with two addresses', () => postgresAt(`localhost:${closed}`), /localhost:\d+ cannot be reached: connect /],
    ['a name that nobody has', () => postgresAt('nowhere.invalid'), /nowhere\.invalid:5432 cannot be reached: getaddr/],
    ['a server that says nothing', () => postgresAt(`127.0.0.1:${silentPort()}`), /cannot be reached: .*time/],
    [
      'a database that is not there',
      () => database.url.replace(/[^/]+$/, `not_${PASSWORD.slice(0, 8)}`),
      /PostgreSQL at \S+:\d+ refuses: database "not_\w+" does not exist/,
    ],
  ])('%s has its own message', async (_, address, line) => {
    saysOnly(await ended(['', 'outbox-relay'], { database: address() }), line);
  });
});

describe('without Redis', () => {
  it.each(NEED_REDIS.map((one) => [one[0], one] as const))('%s names it in one line', async (_, one) => {
    saysOnly(
      await ended(one, { redis: `redis://:${PASSWORD}@127.0.0.1:${closed}` }),
      new RegExp(`^${one[0]}: Redis at 127\\.0\\.0\\.1:${closed} cannot be reached: connect ECONNREFUSED`),
    );
  });

  it('distinguishes a refused password from a server without an answer', async () => {
    const { host } = new URL(REDIS_URL);
    const relay = ['', 'outbox-relay'];
    saysOnly(
      await ended(relay, { redis: `redis://nobody:${PASSWORD}@${host}` }),
      /^outbox-relay: Redis at \S+:\d+ refuses: WRONGPASS/,
    );
    saysOnly(
      await ended(relay, { redis: `redis://127.0.0.1:${silentPort()}` }),
      /Redis at \S+:\d+ cannot be reached: /,
    );
  });
});

describe('with a database that was never migrated', () => {
  it('a process states that migrations must run first', async () => {
    const empty = database.url.replace(/[^/]+$/, 'postgres');
    saysOnly(
      await ended(['', 'outbox-relay'], { database: empty }),
      /^outbox-relay: migrations_pending: .*run the migrations/,
    );
  });
});
