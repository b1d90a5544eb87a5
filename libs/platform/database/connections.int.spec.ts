/** A broken connection is reported as unavailable (503), never as an error of its statement or event. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { sql } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { CrossTenantDatabase, type CrossTenantTransaction } from './crossing.js';

let test: TestDatabase;
let database: CrossTenantDatabase;
let owner: pg.Client;

beforeAll(async () => {
  test = await createTestDatabase();
  owner = new pg.Client({ connectionString: test.url });
  await owner.connect();
  database = new CrossTenantDatabase({
    url: test.url,
    role: 'basecommerce_engines',
    application: 'connections',
    maxConnections: 2,
  });
});
afterAll(async () => {
  await database.close();
  await owner.end();
  await test.drop();
});

async function terminate(tx: CrossTenantTransaction): Promise<void> {
  const { pid } = (await tx.first<{ pid: number }>(sql`select pg_backend_pid() as pid`))!;
  await owner.query('select pg_terminate_backend($1)', [pid]);
}

it.each([
  ['before its end was noticed', 0],
  ['after its end was noticed', 50],
])('says that the database is unavailable when a transaction asks on a lost connection, %s', async (_, noticedMs) => {
  const lost = database.transaction(async (tx) => {
    await terminate(tx);
    await pause(noticedMs);
    await tx.query(sql`select 1`);
  });
  await expect(lost).rejects.toMatchObject({ code: 'database_unavailable', kind: 'unavailable' });
});

it('never gives a lost connection to another caller', async () => {
  const pids = new Set<number>();
  for (let round = 0; round < 4; round++) {
    await database.transaction(terminate).catch(() => undefined);
    const { pid } = (await database.first<{ pid: number }>(sql`select pg_backend_pid() as pid`))!;
    pids.add(pid);
  }
  expect(pids.size).toBe(4);
});

it('compiles no statement: with a cost on reading whole tables, a small table without an index would trigger JIT', async () => {
  expect(await database.first(sql`select current_setting('jit') as jit`)).toEqual({ jit: 'off' });
});

it('plans the statements of repeated work once, by key, and only there', async () => {
  const asked = [...'abcdefgh'].map(
    (letter) => sql`
    select l.engine from unnest(${[letter]}::text[]) as k(engine) join consumer_leases l on l.engine = k.engine`,
  );
  const plansOf = () =>
    database.transaction(
      async (tx) => {
        for (const statement of asked) await tx.query(statement);
        return tx.first(sql<{ generic: bigint; custom: bigint; seqscan: string }>`
          select generic_plans as generic, custom_plans as custom, current_setting('enable_seqscan') as seqscan
            from pg_prepared_statements where name = ${asked[0]!.name}`);
      },
      { plansOnce: true },
    );
  expect(await plansOf()).toEqual({ generic: 8n, custom: 0n, seqscan: 'off' });
  expect(
    await database.first(sql`
    select current_setting('plan_cache_mode') as mode, current_setting('enable_seqscan') as seqscan`),
  ).toEqual({
    mode: 'auto',
    seqscan: 'on',
  });
});

it('passes text in arrays unchanged', async () => {
  const texts = ['', 'NULL', 'a "quoted" one', 'back\\slash', 'both \\"', '{a,b}', "it's", 'two\nlines', ' ', 'ção'];
  const row = await database.first(sql<{ texts: string[] }>`select array_agg(t order by n) as texts
    from unnest(${[...texts, null]}::text[]) with ordinality as given(t, n)`);
  expect(row).toEqual({ texts: [...texts, null] });
});
