/** A connection that breaks is an answer of its kind (503), never the fault of the statement or the event it carried. */
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

it('never hands a lost connection out again', async () => {
  const pids = new Set<number>();
  for (let round = 0; round < 4; round++) {
    await database.transaction(terminate).catch(() => undefined);
    const { pid } = (await database.first<{ pid: number }>(sql`select pg_backend_pid() as pid`))!;
    pids.add(pid);
  }
  expect(pids.size).toBe(4);
});

it('has no statement compiled: where reading whole tables has a price, a small one without an index looks dear enough', async () => {
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

it('hands text in arrays over as it is', async () => {
  const texts = ['', 'NULL', 'a "quoted" one', 'back\\slash', 'both \\"', '{a,b}', "it's", 'two\nlines', ' ', 'ção'];
  const row = await database.first(sql<{ texts: string[] }>`select array_agg(t order by n) as texts
    from unnest(${[...texts, null]}::text[]) with ordinality as given(t, n)`);
  expect(row).toEqual({ texts: [...texts, null] });
});
