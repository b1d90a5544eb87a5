/** Which commits wait for the disk, by PostgreSQL's setting at the end of each transaction. */
import pg from 'pg';
import { newId } from '#kernel';
import { sql } from '#platform/database';
import { CrossTenantDatabase, type CrossTenantTransaction } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { onBehalfOf, eventDay } from './emit.js';

let server: TestDatabase;
let owner: pg.Client;
let engines: CrossTenantDatabase;

beforeAll(async () => {
  server = await createTestDatabase();
  owner = new pg.Client({ connectionString: server.url });
  await owner.connect();
  // A value that no other code sets, so it shows the default.
  await owner.query(`alter database "${server.name}" set synchronous_commit = 'local'`);
  await owner.query('create table commits (how text); grant insert, select on commits to basecommerce_engines');
  engines = new CrossTenantDatabase({ url: server.url, role: 'basecommerce_engines', application: 'emit-spec' });
});

afterAll(async () => {
  await engines.close();
  await owner.end();
  await server.drop();
});

async function commitOf(work: (tx: CrossTenantTransaction) => void, isAsynchronous: boolean): Promise<string> {
  await engines.transaction(
    (tx) => {
      work(tx);
      tx.atCommit(() => sql`insert into commits select current_setting('synchronous_commit')`);
      return Promise.resolve();
    },
    { isAsynchronous },
  );
  const { rows } = await owner.query<{ how: string }>('delete from commits returning how');
  return rows.map((row) => row.how).join();
}

describe('a commit', () => {
  it('waits for the disk unless it is asynchronous', async () => {
    expect(await commitOf(() => undefined, false)).toBe('local');
    expect(await commitOf(() => undefined, true)).toBe('off');
  });

  it('waits for the disk whenever it may carry an event', async () => {
    expect(await commitOf((tx) => onBehalfOf(tx, newId(), 'system:spec'), true)).toBe('local');
  });

  it('does so for its own transaction only', async () => {
    expect(await commitOf(() => undefined, true)).toBe('off');
    expect(await commitOf(() => undefined, false)).toBe('local');
  });
});

it('stores an event under the UTC day in its id, whatever day was requested before', () => {
  const idAt = (moment: string) => {
    const hex = Date.parse(moment).toString(16).padStart(12, '0');
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
  };
  const moments = ['2026-11-21T23:59:59.999Z', '2026-11-22T00:00:00.000Z', '2026-11-21T00:00:00.000Z'];
  expect([...moments, ...moments].map((moment) => eventDay(idAt(moment)))).toEqual([
    '2026-11-21',
    '2026-11-22',
    '2026-11-21',
    '2026-11-21',
    '2026-11-22',
    '2026-11-21',
  ]);
});
