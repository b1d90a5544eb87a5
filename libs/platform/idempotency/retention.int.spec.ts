/** As the relay's role, on a real database. */
import pg from 'pg';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { forgetOldKeys } from './retention.js';

let server: TestDatabase;
let owner: pg.Pool;
let relay: CrossTenantDatabase;

beforeAll(async () => {
  server = await createTestDatabase();
  owner = new pg.Pool({ connectionString: server.url, max: 1 });
  relay = new CrossTenantDatabase({ url: server.url, role: 'basecommerce_relay', application: 'retention' });
});
afterAll(async () => {
  await Promise.all([relay.close(), owner.end()]);
  await server.drop();
});

/** One key of each store per age in days, answered and merely asked. */
async function keep(stores: number, ages: readonly string[]): Promise<void> {
  for (const age of ages) {
    const values = [stores, newId(), age];
    await owner.query(
      `insert into idempotency_records (tenant_id, actor, key, fingerprint, answer, recorded_at)
       select gen_random_uuid(), 'user:ana', $2 || s, 'f', '{}', now() - $3::interval from generate_series(1, $1) s`,
      values,
    );
    await owner.query(
      `insert into idempotency_asks (tenant_id, actor, key, fingerprint, asked_as, question, asked_at, asking_until)
       select gen_random_uuid(), 'user:ana', $2 || s, 'f', gen_random_uuid(), '{}', now() - interval '1 year', now() - $3::interval from generate_series(1, $1) s`,
      values,
    );
  }
}
const kept = async () =>
  (
    await owner.query(`select (select count(*)::int from idempotency_records) as answered,
                              (select count(*)::int from idempotency_asks) as asked`)
  ).rows[0];

it('forgets keys of all stores after seven days, and none before', async () => {
  await keep(3, ['1 hour', '6 days 23 hours', '7 days 1 hour', '400 days']);
  expect(await forgetOldKeys(relay)).toBe(12);
  expect(await kept()).toEqual({ answered: 6, asked: 6 });
  expect(await forgetOldKeys(relay)).toBe(0);
});

it('forgets any number of them, a portion at a time', async () => {
  await keep(12_000, ['8 days']);
  expect(await forgetOldKeys(relay)).toBe(24_000);
  expect(await kept()).toEqual({ answered: 6, asked: 6 });
});

it('is all that its role can do there: nothing younger is seen, nothing written, no answer read', async () => {
  const as = async (statement: string) =>
    (await relay.pool.query(statement).catch((error: Error) => ({ rowCount: error.message }))).rowCount;
  await keep(1, ['8 days']);
  for (const [table, secret] of [
    ['idempotency_records', 'answer'],
    ['idempotency_asks', 'question'],
  ] as const) {
    expect(await as(`select key from ${table}`)).toBe(1);
    expect(await as(`select ${secret} from ${table}`)).toBe(`permission denied for table ${table}`);
    expect(await as(`update ${table} set key = 'k'`)).toBe(`permission denied for table ${table}`);
    expect(await as(`delete from ${table}`)).toBe(1);
  }
  expect(await kept()).toEqual({ answered: 6, asked: 6 });
});
