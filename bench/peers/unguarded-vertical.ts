/**
 * The vertical with tenant isolation off: its connections belong permanently to one tenant, so a read binds nothing,
 * runs no guard, and is one plain statement on tables without row security. Everything else is the unchanged
 * application.
 */
import type pg from 'pg';
import { type Sql, TenantDatabase, type TenantScope } from '#platform/database';

const belonging = new WeakSet<pg.PoolClient>();

TenantDatabase.prototype.read = async function read<Row>(
  this: TenantDatabase,
  scope: TenantScope,
  statement: Sql<Row>,
) {
  const client = await this.pool.connect();
  try {
    if (!belonging.has(client)) {
      await client.query(`select set_config('app.tenant_id', $1, false)`, [scope.tenant]);
      belonging.add(client);
    }
    const { name, text, values } = statement;
    return (await client.query({ name, text, values: [...values] })).rows as Row[];
  } finally {
    client.release();
  }
};

await import('../../apps/vertical/main.js');
