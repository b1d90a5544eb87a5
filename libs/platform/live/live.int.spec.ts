/** Listeners get every event once from a real database with concurrent writers, wherever a connection breaks. */
import pg from 'pg';
import { customerChanged } from '#contracts/customers/events';
import { newId, tenantId } from '#kernel';
import { type Sql, TenantDatabase, type TenantScope } from '#platform/database';
import { emit } from '#platform/outbox';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { printFigures } from '#testing/print';
import { staysTrue, waitUntil } from '#testing/waiting';
import { type Answer, Listener } from './listener.js';
import { positionOf, textOf } from './position.js';
import { TenantFeed } from './tenant-feed.js';

class CountingDatabase extends TenantDatabase {
  reads = 0;

  override read<Row>(scope: TenantScope, statement: Sql<Row>): Promise<Row[]> {
    this.reads += 1;
    return super.read(scope, statement);
  }
}

interface Message {
  id: string;
  event: string | undefined;
  subject: string | undefined;
}

/** The client's end of a connection; it keeps what arrives. */
class Reader implements Answer {
  readonly messages: Message[] = [];
  lastId: string | undefined;
  writableLength = 0;
  destroyed = false;
  private onClose: (() => void)[] = [];

  writeHead(): void {}

  write(text: string): boolean {
    for (const block of text.split('\n\n')) {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ', 1)[0]!, line.slice(line.indexOf(': ') + 2)]),
      );
      const id = fields.get('id');
      if (id === undefined) continue;
      this.lastId = id;
      const data = fields.get('data');
      if (data === undefined) continue;
      const { subject } = JSON.parse(data) as { subject?: string };
      this.messages.push({ id, event: fields.get('event'), subject });
    }
    return true;
  }

  end(): void {
    this.destroyed = true;
    for (const action of this.onClose.splice(0)) action();
  }

  on(_event: 'close', listener: () => void): void {
    this.onClose.push(listener);
  }

  get events(): Message[] {
    return this.messages.filter(({ event }) => event !== 'stream.reset');
  }
}

let server: TestDatabase;
let database: CountingDatabase;
let scope: TenantScope;
let feed: TenantFeed;

beforeAll(async () => {
  server = await createTestDatabase();
  database = new CountingDatabase({ url: server.url, application: 'live-spec', maxConnections: 12 });
});
beforeEach(() => {
  scope = { tenant: tenantId(newId()), actor: { id: 'user:spec' } };
  feed = new TenantFeed(database, scope, () => undefined);
});
afterEach(() => feed.close());
afterAll(async () => {
  await database.close();
  await server.drop();
});

async function happen(count = 1): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await database.transaction(scope, async (tx) => {
    for (const id of ids) emit(tx, customerChanged, { id, version: 1 }, customerChanged.example);
  });
  feed.wake();
  return ids.map((id) => `customer/${id}`);
}

function listen(lastId?: string): Reader {
  const reader = new Reader();
  const listener = new Listener(reader, () => Promise.resolve());
  feed.join({ listener, scope, from: lastId === undefined ? 'now' : (positionOf(lastId) ?? 'too long ago') });
  return reader;
}

const until = (isReached: () => boolean) => waitUntil('the stream got there', isReached, { pauseMs: 5 });
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const subjects = (messages: Message[]) => messages.map(({ subject }) => subject);

async function listening(lastId?: string): Promise<Reader> {
  const reader = listen(lastId);
  await until(() => reader.lastId !== undefined);
  return reader;
}

it('continues with the next event after any message, also after a long absence', async () => {
  const before = await listening();
  const missed = (await Promise.all(Array.from({ length: 13 }, () => happen(100)))).flat();
  await until(() => before.events.length === missed.length);
  expect(new Set(subjects(before.events)).size).toBe(missed.length);
  expect(subjects(before.events).sort()).toEqual([...missed].sort());
  for (const cut of [0, 1, 498, 499, 500, 501, 999, 1_000, 1_298, 1_299]) {
    const reader = await listening(before.events[cut]!.id);
    await until(() => reader.events.length >= missed.length - cut - 1);
    const wanted = missed.length - cut - 1;
    await staysTrue('no event comes twice', () => reader.events.length === wanted, 100);
    const order = (list: (string | undefined)[]) => [...list].sort();
    expect(order(subjects(reader.events))).toEqual(order(subjects(before.events.slice(cut + 1))));
    reader.end();
  }
});

it('delivers the events of a transaction that wrote first and committed last', async () => {
  const reader = await listening();
  const slow = new pg.Client({ connectionString: server.url });
  await slow.connect();
  const late = newId();
  await slow.query('begin');
  await slow.query(
    `insert into outbox_events (recorded_on, tenant_id, id, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, actor, data)
     values (current_date, $1, $2, 'customer.changed', 1, 'customer', $2, 1, now(), 'user:spec', '{}')`,
    [scope.tenant, late],
  );
  const [early] = await happen();
  await until(() => reader.events.length === 1);
  const { lastId } = reader;
  await slow.query('commit');
  await slow.end();
  feed.wake();
  await until(() => reader.events.length === 2);
  expect(subjects(reader.events)).toEqual([early, `customer/${late}`]);
  const returned = await listening(lastId);
  await until(() => returned.events.length === 1);
  expect(subjects(returned.events)).toEqual([`customer/${late}`]);
});

it('loses and repeats nothing for readers that connect and disconnect beside eight writers', async () => {
  const first = await listening();
  const start = first.lastId!;
  first.end();
  feed = new TenantFeed(database, scope, () => undefined);
  let isWriting = true;
  const written: string[] = [];
  const writing = Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 40; round++) {
        written.push(...(await happen(1 + Math.floor(Math.random() * 5))));
        await pause(Math.random() * 10);
      }
    }),
  ).then(() => (isWriting = false));
  const heard = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const all: Message[] = [];
      let [lastId, connections] = [start, 0];
      while (isWriting || all.length < written.length) {
        const reader = listen(lastId);
        connections += 1;
        await pause(Math.random() * 60);
        // The connection breaks after any message: later messages are lost and must be sent again.
        const kept = reader.events.slice(0, Math.ceil(Math.random() * reader.events.length));
        lastId = kept.at(-1)?.id ?? lastId;
        all.push(...kept);
        reader.end();
        if (connections > 2_000) throw new Error(`heard ${all.length} of ${written.length}`);
      }
      return { all, connections };
    }),
  );
  await writing;
  for (const { all } of heard) {
    expect(all).toHaveLength(written.length);
    expect(new Set(subjects(all))).toEqual(new Set(written));
  }
  const connections = heard.reduce((sum, reader) => sum + reader.connections, 0);
  printFigures(`${written.length} events, 5 readers, ${connections} connections: lost 0, repeated 0`);
});

it('queries the database once, however many listeners there are', async () => {
  const readers = await Promise.all(Array.from({ length: 50 }, () => listening()));
  const before = database.reads;
  await happen();
  await until(() => readers.every((reader) => reader.events.length === 1));
  expect(database.reads - before).toBeLessThanOrEqual(2);
});

it('sends a reset to readers that were away too long or are ahead of a restored database', async () => {
  const reader = await listening();
  const [xmin] = positionOf(reader.lastId!)!.read.split(':');
  const beyond = String(BigInt(xmin!) + 1_000_000n);
  const ahead = await listening(textOf({ read: `${beyond}:${beyond}:` }));
  const old = await listening(textOf({ read: `${xmin}:${xmin}:` }, Date.now() - 2 * 86_400_000));
  for (const returned of [ahead, old]) {
    await until(() => returned.messages.length > 0);
    expect(returned.messages).toEqual([expect.objectContaining({ event: 'stream.reset' })]);
  }
  const [subject] = await happen();
  await until(() => ahead.events.length === 1 && old.events.length === 1);
  expect(subjects(old.events)).toEqual([subject]);
});

it('disconnects a reader that is too slow, and drops a reader that has left', async () => {
  const reader = await listening();
  reader.writableLength = 1_000_000;
  await happen();
  await until(() => reader.destroyed);
  expect(feed.size).toBe(0);
});
