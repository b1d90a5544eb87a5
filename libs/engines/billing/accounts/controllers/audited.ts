import { recordAct } from '#platform/audit';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { tenantNamed } from '../data/tenant-named.js';

export interface Act {
  readonly tx: CrossTenantTransaction;
  readonly principal: { readonly actor: string };
  readonly params: { readonly tenant: string };
  readonly body: { readonly reason: string };
}

export type AuditedAction = readonly [
  action: string,
  details: Record<string, unknown>,
  act: (tenant: string, actor: string) => Promise<unknown>,
];

/** Runs `act` on the store named in the path, and records the actor and the reason in the audit log. */
export async function audited(
  { tx, principal, params, body }: Act,
  ...[action, details, act]: AuditedAction
): Promise<{ readonly tenant: string; readonly slug: string }> {
  const { actor } = principal;
  const { tenant, slug } = await tenantNamed(tx, params.tenant);
  await act(tenant, actor);
  await recordAct(tx, { actor, action, tenant, subject: slug, reason: body.reason, details });
  return { tenant, slug };
}
