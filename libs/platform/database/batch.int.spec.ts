/** Several statements in one round trip: each list of rows has its statement's place and row type. */
import { sql } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { CrossTenantDatabase } from './crossing.js';

let test: TestDatabase;
let database: CrossTenantDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
  database = new CrossTenantDatabase({ url: test.url, role: 'basecommerce_engines', application: 'batch-spec' });
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

const count = sql<{ n: number }>`select 7 as n`;
const names = sql<{
  name: string;
}>`select name from unnest(${['a', 'b']}::text[]) with ordinality as t(name, place) order by place`;
const none = sql<{ name: string }>`select 'x' as name where false`;

it('answers with one list of rows per statement, in their order', async () => {
  const [counts, nothing, found] = await database.transaction((tx) => tx.batch([count, none, names]));
  expect(counts[0]!.n + 1).toBe(8);
  expect(nothing).toEqual([]);
  expect(found.map((row) => row.name.toUpperCase())).toEqual(['A', 'B']);
  // @ts-expect-error The first statement returns no `name`.
  expect(counts[0]!.name).toBeUndefined();
});

it('gives statements that travel ahead of another one the same shape', async () => {
  const [counts, found] = await database.transaction(async (tx) => {
    const rows = tx.piggyback([count, names]);
    await tx.query(none);
    return rows();
  });
  expect(counts.map((row) => row.n)).toEqual([7]);
  expect(found.map((row) => row.name)).toEqual(['a', 'b']);
});
