/** Outbound exchanges on a real database: what they hold while they wait, and the fate of their keys. */
import pg from 'pg';
import { DomainError, newId, type TenantId, tenantId } from '#kernel';
import { sql, TenantDatabase, type TenantTransaction } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { runOutboundExchange, type OutboundExchange, outboundExchange } from './outbound-exchange.js';
import { type IdempotencyKey, withIdempotencyKey } from './idempotency-key.js';

let server: TestDatabase;
let owner: pg.Pool;
/** A pool of one connection: its holder blocks every other transaction. */
let narrow: TenantDatabase;
let wide: TenantDatabase;

beforeAll(async () => {
  server = await createTestDatabase();
  owner = new pg.Pool({ connectionString: server.url, max: 1 });
  narrow = new TenantDatabase({ url: server.url, application: 'asked-narrow', maxConnections: 1 });
  wide = new TenantDatabase({ url: server.url, application: 'asked-wide', maxConnections: 6 });
});
afterAll(async () => {
  await Promise.all([narrow.close(), wide.close(), owner.end()]);
  await server.drop();
});

/** The called service, and how often each part ran. */
class Outside {
  readonly asked: { question: unknown; id: string }[] = [];
  prepared = 0;
  concluded = 0;
  /** A promise for which the second transaction waits. */
  concluding = Promise.resolve();
  /** The answers to the calls, one after the other; the last one repeats. */
  answers: (() => Promise<string>)[] = [() => Promise.resolve('yes')];

  readonly parts: OutboundExchange<{ said: string; to: string }> = outboundExchange({
    prepare: async (tx: TenantTransaction) => ({
      of: tx.tenant,
      nth: ++this.prepared,
      at: await clockOf(tx),
    }),
    call: async (question, id) => {
      this.asked.push({ question, id });
      const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
      return { said: await answer(), to: question.of };
    },
    conclude: async (tx, answer) => {
      this.concluded += 1;
      await tx.now();
      await this.concluding;
      return answer;
    },
  });

  /** The next call is not answered before the returned function is called. */
  hang(): (answer?: string) => void {
    let release!: (answer: string) => void;
    const waiting = new Promise<string>((resolve) => (release = resolve));
    this.answers.unshift(() => waiting);
    return (answer = 'late') => release(answer);
  }

  fail(): void {
    this.answers.unshift(() => Promise.reject(new DomainError('provider_away', 'unavailable', 'away')));
  }

  async isAsked(times: number): Promise<void> {
    while (this.asked.length < times) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const clockOf = async (tx: TenantTransaction) => (await tx.now()).toISOString();

async function store(): Promise<TenantId> {
  const id = newId();
  await owner.query(
    `insert into tenants (id, slug, legal_name, created_at, changed_at) values ($1, $2, 'Store', now(), now())`,
    [id, `s${id}`],
  );
  return tenantId(id);
}

const scopeOf = (tenant: TenantId, actor = 'user:ana') => ({ tenant, actor: { id: actor } });
const keyOf = (fingerprint = 'a'): IdempotencyKey => ({ key: newId(), fingerprint });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    (value) => `answered ${JSON.stringify(value)}`,
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );
/** Moves the recorded time of the request back by this interval. */
const later = (key: IdempotencyKey, by: string) =>
  owner.query(
    `update idempotency_asks set asked_at = asked_at - $2::interval, asking_until = asking_until - $2::interval where key = $1`,
    [key.key, by],
  );
const left = async (key: IdempotencyKey) =>
  (
    await owner.query<{ asks: number; records: number }>(
      `select (select count(*)::int from idempotency_asks where key = $1) as asks,
              (select count(*)::int from idempotency_records where key = $1) as records`,
      [key.key],
    )
  ).rows[0];

it('holds no connection while it calls: the only connection serves other requests', async () => {
  const [tenant, outside] = [await store(), new Outside()];
  const release = outside.hang();
  const asking = runOutboundExchange(narrow, scopeOf(tenant), keyOf(), outside.parts);
  await outside.isAsked(1);
  expect(await narrow.read(scopeOf(tenant), sql`select 1 as one`)).toEqual([{ one: 1 }]);
  expect(await narrow.transaction(scopeOf(tenant), (tx) => tx.query(sql`select 2 as two`))).toEqual([{ two: 2 }]);
  release();
  expect(await asking).toEqual({ said: 'late', to: tenant });
});

it('calls once for a repeated request: while it runs the repetition is refused, afterwards it gets the answer', async () => {
  const [tenant, outside, key] = [await store(), new Outside(), keyOf()];
  const ask = () => runOutboundExchange(wide, scopeOf(tenant), key, outside.parts);
  const release = outside.hang();
  const first = ask();
  await outside.isAsked(1);
  const second = await ask().catch((error: unknown) => error as DomainError);
  expect(second).toMatchObject({
    code: 'idempotency_key_in_flight',
    kind: 'conflict',
    extras: { retryAfterSeconds: 1 },
  });
  release('page 1');
  expect(await first).toEqual({ said: 'page 1', to: tenant });
  expect(await ask()).toEqual({ said: 'page 1', to: tenant });
  expect([outside.asked.length, outside.concluded]).toEqual([1, 1]);
  expect(await left(key)).toEqual({ asks: 0, records: 1 });
});

it('refuses the key for another request: during the call, after a refusal, and after the answer', async () => {
  const [tenant, outside, key] = [await store(), new Outside(), keyOf()];
  const other = { ...key, fingerprint: 'b' };
  const ask = (by: IdempotencyKey) => codeOf(runOutboundExchange(wide, scopeOf(tenant), by, outside.parts));
  const plain = (by: IdempotencyKey) =>
    codeOf(wide.transaction(scopeOf(tenant), (tx) => withIdempotencyKey(tx, by, () => Promise.resolve('written'))));
  const release = outside.hang();
  const first = runOutboundExchange(wide, scopeOf(tenant), key, outside.parts).catch(() => undefined);
  await outside.isAsked(1);
  expect([await ask(other), await plain(other)]).toEqual(['idempotency_key_reused', 'idempotency_key_reused']);
  release();
  await first;
  expect([await ask(other), await plain(other)]).toEqual(['idempotency_key_reused', 'idempotency_key_reused']);
  const refused = { ...keyOf(), fingerprint: 'a' };
  outside.fail();
  expect(await ask(refused)).toBe('provider_away');
  expect(await ask({ ...refused, fingerprint: 'b' })).toBe('idempotency_key_reused');
});

it('does not record a refusal as an answer: the next repetition calls at once with the same request and id', async () => {
  const [tenant, outside, key] = [await store(), new Outside(), keyOf()];
  outside.fail();
  const ask = () => codeOf(runOutboundExchange(wide, scopeOf(tenant), key, outside.parts));
  expect(await ask()).toBe('provider_away');
  expect(await left(key)).toEqual({ asks: 1, records: 0 });
  expect(await ask()).toBe(`answered ${JSON.stringify({ said: 'yes', to: tenant })}`);
  expect(outside.asked).toHaveLength(2);
  expect(outside.asked[1]).toEqual(outside.asked[0]);
  expect(outside.prepared).toBe(1);
});

it('releases the key of a process that died, and repeats its request under the same id', async () => {
  const [tenant, outside, key] = [await store(), new Outside(), keyOf()];
  const release = outside.hang();
  const dead = runOutboundExchange(wide, scopeOf(tenant), key, outside.parts);
  await outside.isAsked(1);
  const ask = () => codeOf(runOutboundExchange(wide, scopeOf(tenant), key, outside.parts));
  await later(key, '55 seconds');
  expect(await ask()).toBe('idempotency_key_in_flight');
  await later(key, '6 seconds');
  expect(await ask()).toBe(`answered ${JSON.stringify({ said: 'yes', to: tenant })}`);
  expect(outside.asked[1]).toEqual(outside.asked[0]);
  // The process was only slow: its answer arrives after the repetition has concluded.
  release();
  expect(await dead).toEqual({ said: 'yes', to: tenant });
  expect(outside.concluded).toBe(1);
});

it('does not call while the answer is being recorded, however long that takes', async () => {
  const [tenant, outside, key] = [await store(), new Outside(), keyOf()];
  const answer = outside.hang();
  const first = runOutboundExchange(wide, scopeOf(tenant), key, outside.parts);
  await outside.isAsked(1);
  await later(key, '61 seconds');
  let record = () => {};
  outside.concluding = new Promise((resolve) => (record = resolve));
  answer('yes');
  while (outside.concluded === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  // The answer to this one does not wait for the recording, which ends only after it.
  const refusal = await codeOf(runOutboundExchange(wide, scopeOf(tenant), key, outside.parts));
  record();
  expect(await first).toEqual({ said: 'yes', to: tenant });
  expect([refusal, outside.asked.length]).toEqual(['idempotency_key_in_flight', 1]);
});

it('calls again, under another id, when the provider may have forgotten the first', async () => {
  const [tenant, outside, key] = [await store(), new Outside(), keyOf()];
  const ask = () => codeOf(runOutboundExchange(wide, scopeOf(tenant), key, outside.parts));
  for (const age of ['0 seconds', '22 hours 30 minutes', '40 minutes']) {
    outside.fail();
    await later(key, age);
    expect(await ask()).toBe('provider_away');
  }
  const [first, second, third] = outside.asked;
  expect(second).toEqual(first);
  expect([third!.id === first!.id, outside.prepared]).toEqual([false, 2]);
});

it('checks the guard in both transactions, and gives no answer to a person who was signed out in between', async () => {
  const [tenant, outside, key] = [await store(), new Outside(), keyOf()];
  const scope = { ...scopeOf(tenant), guard: sql`select app.admit_visitor(true)` };
  const state = (to: string) => owner.query(`update tenants set state = $2 where id = $1`, [tenant, to]);
  await state('suspended');
  expect(await codeOf(runOutboundExchange(narrow, scope, key, outside.parts))).toBe('tenant_suspended');
  expect([outside.prepared, outside.asked.length]).toEqual([0, 0]);
  await state('active');
  const release = outside.hang();
  const asking = codeOf(runOutboundExchange(narrow, scope, key, outside.parts));
  await outside.isAsked(1);
  await state('suspended');
  release();
  expect(await asking).toBe('tenant_suspended');
  expect([outside.concluded, await left(key)]).toEqual([0, { asks: 1, records: 0 }]);
  await state('active');
  expect(await codeOf(runOutboundExchange(narrow, scope, key, outside.parts))).toContain('answered');
  expect(outside.asked[1]).toEqual(outside.asked[0]);
});

it('separates stores and people that use the same key', async () => {
  const [acme, bolt, outside, key] = [await store(), await store(), new Outside(), keyOf()];
  const release = outside.hang();
  const first = runOutboundExchange(wide, scopeOf(acme), key, outside.parts);
  await outside.isAsked(1);
  expect(await runOutboundExchange(wide, scopeOf(bolt), key, outside.parts)).toEqual({ said: 'yes', to: bolt });
  expect(await runOutboundExchange(wide, scopeOf(acme, 'user:bob'), key, outside.parts)).toEqual({
    said: 'yes',
    to: acme,
  });
  release();
  expect(await first).toEqual({ said: 'late', to: acme });
  expect(new Set(outside.asked.map(({ id }) => id)).size).toBe(3);
});

it('needs no key, and records nothing without one', async () => {
  const [tenant, outside] = [await store(), new Outside()];
  for (let nth = 0; nth < 2; nth++) await runOutboundExchange(wide, scopeOf(tenant), undefined, outside.parts);
  expect(new Set(outside.asked.map(({ id }) => id)).size).toBe(2);
  const { rows } = await owner.query(`select from idempotency_asks where tenant_id = $1`, [tenant]);
  expect(rows).toHaveLength(0);
});

it('concludes once and under one id, with concurrent repetitions and failures', async () => {
  const tenant = await store();
  for (let round = 0; round < 60; round++) {
    const [outside, key] = [new Outside(), keyOf()];
    const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
    outside.answers = [
      async () => {
        await pause();
        if (Math.random() < 0.3) throw new DomainError('provider_away', 'unavailable', 'away');
        return 'yes';
      },
    ];
    const overtaking = setInterval(() => void later(key, '61 seconds').catch(() => undefined), 4);
    const ends = await Promise.all(
      Array.from({ length: 6 }, async () => {
        await pause();
        return codeOf(runOutboundExchange(wide, scopeOf(tenant), key, outside.parts));
      }),
    );
    clearInterval(overtaking);
    for (let last = ''; !last.startsWith('answered');) {
      last = await codeOf(runOutboundExchange(wide, scopeOf(tenant), key, outside.parts));
      ends.push(last);
      await later(key, '61 seconds');
    }
    const answer = `answered ${JSON.stringify({ said: 'yes', to: tenant })}`;
    expect([answer, 'idempotency_key_in_flight', 'provider_away']).toEqual(expect.arrayContaining([...new Set(ends)]));
    expect(ends).toContain(answer);
    expect([round, outside.concluded, new Set(outside.asked.map(({ id }) => id)).size]).toEqual([round, 1, 1]);
    expect(await left(key)).toEqual({ asks: 0, records: 1 });
  }
});
