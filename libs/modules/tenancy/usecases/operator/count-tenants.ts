import { type Queryable, type Row, sql } from '#platform/database';
import type { TENANT_STATES } from '#contracts/tenancy/events';

/** Returns every state, also those without a tenant, because a series that disappears looks like a gap. */
export async function countTenants(database: Queryable): Promise<Record<(typeof TENANT_STATES)[number], number>> {
  const rows = await database.query(sql<
    Row<'tenants', never, { state: (typeof TENANT_STATES)[number] }> & { count: number }
  >`
    select state, count(*)::int as count from tenants group by state`);
  return { active: 0, suspended: 0, closed: 0, ...Object.fromEntries(rows.map((row) => [row.state, row.count])) };
}
