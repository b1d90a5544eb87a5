/** Prisma's command line, offline, against a real database: it agrees with the project's migrator. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { createTestDatabase } from '#testing/database';

const prisma = (args, env) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'prisma.mjs'), ...args], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code, output }));
  });

async function withDatabase(change, work) {
  const database = await createTestDatabase();
  try {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(change).finally(() => client.end());
    return await work({ DATABASE_URL: database.url });
  } finally {
    await database.drop();
  }
}

describe('prisma migrate', () => {
  it('finds nothing to do after our migrator', async () => {
    const { code, output } = await withDatabase('select', (env) => prisma(['migrate', 'status'], env));
    expect(output).toContain('Database schema is up to date!');
    expect(code).toBe(0);
  });

  it('names migrations that our migrator has not applied', async () => {
    const { code, output } = await withDatabase(
      `delete from _prisma_migrations where migration_name like '%_foundation'`,
      (env) => prisma(['migrate', 'status'], env),
    );
    expect(output).toContain('20261120000000_foundation');
    expect(code).toBe(1);
  });

  it('sees a column that no model has', async () => {
    const { code, output } = await withDatabase('alter table products add column stray integer', (env) =>
      prisma(
        ['migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema', '--script', '--exit-code'],
        env,
      ),
    );
    expect(output).toContain('DROP COLUMN "stray"');
    expect(code).toBe(2);
  });

  it('reports an unreachable database', async () => {
    const { code, output } = await prisma(['migrate', 'status'], {
      DATABASE_URL: 'postgres://postgres@127.0.0.1:1/none',
    });
    expect(output).toMatch(/ECONNREFUSED 127\.0\.0\.1:1/);
    expect(code).toBe(1);
  });
});
