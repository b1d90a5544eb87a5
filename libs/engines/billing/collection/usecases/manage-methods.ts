/** Sets the method by which the passes charge a store: the newest one counts. The provider keeps the card itself. */
import { newId } from '#kernel';
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { lockedNow, requireAccount } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { type MethodRow, removal } from '../data/methods.js';

export interface NewMethod {
  readonly tenant: string;
  readonly provider: string;
  /** The provider's id of the method. */
  readonly reference: string;
  readonly label: string;
}

/**
 * The next pass tries a declined charge with it. It needs a provider that is set up: a charge that no pass makes would count
 * as in progress, and its store would never get a notice. Throws `account_not_found` or `provider_not_set_up`.
 */
export async function nameMethod(tx: CrossTenantTransaction, actor: string, method: NewMethod): Promise<MethodRow> {
  const { tenant, provider, reference, label } = method;
  await lockedNow(tx, tenant);
  await requireAccount(tx, tenant);
  if (!(await tx.first(sql`select from billing_providers where name = ${provider}`)))
    throw errors.provider_not_set_up();
  await tx.execute(sql`
    update billing_payment_methods set is_default = false where tenant_id = ${tenant} and is_default and removed_at is null`);
  const row = await tx.first<MethodRow>(sql`
    insert into billing_payment_methods as m (tenant_id, id, provider, provider_ref, label, is_default, added_at, added_by)
    values (${tenant}, ${newId()}, ${provider}, ${reference}, ${label}, true, app.now(), ${actor})
    on conflict (tenant_id, provider, provider_ref) do update
       set label = excluded.label, is_default = true, removed_at = null, removed_by = null, is_detached = false,
           added_at = excluded.added_at, added_by = excluded.added_by
    returning id, provider, label, brand, last4, exp_month, exp_year, added_at`);
  return row!;
}

/** Its invoices are paid by hand from then on. Throws `account_not_found` or `payment_method_not_found`. */
export async function removeMethod(tx: CrossTenantTransaction, actor: string, tenant: string): Promise<MethodRow> {
  await lockedNow(tx, tenant);
  await requireAccount(tx, tenant);
  const row = await tx.first(removal(tenant, actor));
  if (!row) throw errors.payment_method_not_found();
  return row;
}
