/** Finds the tenant that a person names on the command line of a one-shot engine command. */
import type { TenantId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { requireTenant } from './data/tenants.js';

/**
 * The id of the tenant that an operator named by slug or id. The engines' own role may not read the tenants, so the
 * query runs as the operator, on a connection that is closed afterwards. Throws `tenant_not_found`.
 */
export async function tenantNamed(databaseUrl: string, name: string): Promise<TenantId> {
  const database = new CrossTenantDatabase({
    url: databaseUrl,
    role: 'basecommerce_operator',
    application: 'engines: which tenant',
    maxConnections: 1,
  });
  try {
    return (await requireTenant(database, name)).id;
  } finally {
    await database.close();
  }
}
