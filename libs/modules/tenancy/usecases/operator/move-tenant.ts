import { tenantStateChanged } from '#contracts/tenancy/events';
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { emit, onBehalfOf } from '#platform/outbox';
import { requireTenant, type TenantRow } from '../../data/tenants.js';
import { type TenantState, tenantStates } from '../../domain/tenant.js';

export interface MoveTenant {
  /** Slug or id. */
  tenant: string;
  to: TenantState;
  reason: string;
}

/**
 * Suspends, reactivates or closes. Takes effect with the next request: admission reads the state before every
 * statement.
 */
export async function moveTenant(tx: CrossTenantTransaction, actor: string, input: MoveTenant): Promise<TenantRow> {
  const { id } = await requireTenant(tx, input.tenant);
  await tx.query(sql`select 1 from tenants where id = ${id} for update`);
  const before = await requireTenant(tx, id);
  tenantStates.assert(before.state, input.to);
  const after = (await tx.first(sql<TenantRow>`
    update tenants set state = ${input.to}, version = version + 1, changed_at = app.now() where id = ${id}
    returning id, slug, legal_name, document, state, locale, time_zone, currency, version, created_at`))!;
  emit(
    onBehalfOf(tx, id, actor),
    tenantStateChanged,
    { id, version: after.version },
    {
      tenant_id: id,
      slug: after.slug,
      legal_name: after.legal_name,
      from: before.state,
      to: after.state,
      reason: input.reason,
    },
  );
  return after;
}
