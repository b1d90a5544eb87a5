/** Which commits wait for the disk, as PostgreSQL itself sees it at the end of each transaction. */
import pg from 'pg';
import { newId } from '#kernel';
import { sql } from '#platform/database';
import { CrossTenantDatabase, type CrossTenantTransaction } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { onBehalfOf } from './emit.js';

let server: TestDatabase;
let owner: pg.Client;
let engines: CrossTenantDatabase;

beforeAll(async () => {
  server = await createTestDatabase();
  owner = new pg.Client({ connectionString: server.url });
  await owner.connect();
  // A value that nothing else sets, whatever the server of the tests is set to.
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
  it('waits for the disk unless it is asked not to', async () => {
    expect(await commitOf(() => undefined, false)).toBe('local');
    expect(await commitOf(() => undefined, true)).toBe('off');
  });

  it('waits for it whenever it may carry an event', async () => {
    expect(await commitOf((tx) => onBehalfOf(tx, newId(), 'system:spec'), true)).toBe('local');
  });

  it('does so for its own transaction only', async () => {
    expect(await commitOf(() => undefined, true)).toBe('off');
    expect(await commitOf(() => undefined, false)).toBe('local');
  });
});
