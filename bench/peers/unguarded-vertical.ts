/**
 * The vertical with tenant isolation off: its connections belong to one tenant for good, so a read binds nothing, asks no
 * guard, and is one plain statement on tables whose row security is off. Everything else is the application as it is.
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
