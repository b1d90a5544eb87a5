import { ACCOUNT_STATES } from '#contracts/billing/events';
import { type MeterName } from '#contracts/meters';
import { type Queryable, type Row, sql } from '#platform/database';
import { counter, gauge } from '#platform/telemetry';

const quotaRefusals = counter({
  name: 'quota_refusals_total',
  help: 'Requests refused because a limit is reached (plan, own_cap) or billing holds what is metered (hold)',
  labelNames: ['meter', 'limited_by'],
});

export function countRefusal(meter: MeterName, limitedBy: 'plan' | 'own_cap' | 'hold'): void {
  quotaRefusals.inc({ meter, limited_by: limitedBy });
}

const tenantsByAccess = gauge({
  name: 'tenants_by_access',
  help: 'Stores with a subscription by the access that their bills leave them',
  labelNames: ['access'],
});

/** Measured by the worker, because only the worker may read the rows of all stores. */
export async function measureAccess(database: Queryable): Promise<void> {
  const rows = await database.query(sql<Row<'tenant_access', 'state'> & { count: number }>`
    select state, count(tenant_id)::int as count from tenant_access group by state`);
  const counts = new Map(rows.map((row) => [row.state, row.count]));
  for (const access of ACCOUNT_STATES) tenantsByAccess.set({ access }, counts.get(access) ?? 0);
}
