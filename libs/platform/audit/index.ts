/** Records what operators did across tenants, in the transaction of the act. Entries are never changed or deleted. */
import { newId } from '#kernel';
import { json, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';

export interface OperatorAct {
  actor: string;
  /** `<noun>.<verb>`, e.g. `tenant.suspend`. */
  action: string;
  tenant: string | null;
  subject: string;
  reason: string | null;
  details?: Record<string, unknown>;
}

export async function recordAct(tx: CrossTenantTransaction, act: OperatorAct): Promise<void> {
  await tx.execute(sql`
    insert into operator_audit_entries (id, at, actor, action, tenant_id, subject, reason, details)
    values (${newId()}, app.now(), ${act.actor}, ${act.action}, ${act.tenant}, ${act.subject}, ${act.reason}, ${json(act.details ?? {})})`);
}
