/** Runs as the relay's role, on a real database. */
import pg from 'pg';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { deleteExpiredRows } from './retention.js';

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

/** For each store and each age in days: one key with an answer and one without. */
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

it('deletes keys of all stores after seven days, and none before', async () => {
  await keep(3, ['1 hour', '6 days 23 hours', '7 days 1 hour', '400 days']);
  expect(await deleteExpiredRows(relay)).toEqual({ idempotency_records: 6, idempotency_asks: 6 });
  expect(await kept()).toEqual({ answered: 6, asked: 6 });
  expect(await deleteExpiredRows(relay)).toEqual({});
});

it('deletes any number of them, in portions', async () => {
  await keep(12_000, ['8 days']);
  expect(await deleteExpiredRows(relay)).toEqual({ idempotency_records: 12_000, idempotency_asks: 12_000 });
  expect(await kept()).toEqual({ answered: 6, asked: 6 });
});

it('can do nothing else with its role: it sees nothing younger, writes nothing and reads no answer', async () => {
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

it('deletes sessions thirty days after their end, revoked or not, and none before', async () => {
  const [tenant, user] = [newId(), newId()];
  await owner.query(
    `insert into tenants (id, slug, legal_name, created_at, changed_at) values ($1, 'sessions', 'Sessions Ltda', now(), now())`,
    [tenant],
  );
  await owner.query(
    `insert into users (tenant_id, id, email, name, password_hash, roles, created_at, changed_at)
     values ($1, $2, 'ana@sessions.test', 'Ana', 'none', '{owner}', now(), now())`,
    [tenant, user],
  );
  const open = (ended: string, revoked: string | null) =>
    owner.query(
      `insert into sessions (tenant_id, id, user_id, refresh_hash, expires_at, revoked_at, created_at)
       values ($1, $2, $3, '\\x00', now() - $4::interval, now() - $5::interval, now() - interval '1 year')`,
      [tenant, newId(), user, ended, revoked],
    );
  await open('-1 day', null);
  await open('-1 day', '200 days');
  await open('29 days 23 hours', null);
  await open('30 days 1 hour', null);
  await open('30 days 1 hour', '60 days');
  expect(await deleteExpiredRows(relay)).toEqual({ sessions: 2 });
  const { rows } = await owner.query<{ left: number }>(
    'select count(*)::int as left from sessions where tenant_id = $1',
    [tenant],
  );
  expect(rows[0]!.left).toBe(3);
  await expect(relay.pool.query('select refresh_hash from sessions')).rejects.toThrow('permission denied');
  expect((await relay.pool.query('delete from sessions')).rowCount).toBe(0);
});

it('deletes the old rows of a table as soon as its room declares how long it keeps them', async () => {
  await owner.query(`
    create table receipts (tenant_id uuid, id uuid, printed_at timestamptz not null, primary key (tenant_id, id));
    alter table receipts enable row level security, force row level security;
    insert into receipts select gen_random_uuid(), gen_random_uuid(), now() - days * interval '1 day' from generate_series(1, 9) days`);
  expect(await deleteExpiredRows(relay)).toEqual({});
  await owner.query(`call app.keep_rows('receipts', 'printed_at', '5 days 1 hour')`);
  expect((await relay.pool.query('select from receipts')).rowCount).toBe(4);
  expect(await deleteExpiredRows(relay)).toEqual({ receipts: 4 });
  const { rows } = await owner.query<{ left: number }>('select count(*)::int as left from receipts');
  expect(rows[0]!.left).toBe(5);
});
