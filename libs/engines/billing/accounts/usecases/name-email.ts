/** Sets the address that receives a tenant’s notices, at the operator’s request. */

import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { lockedNow, requireAccount } from '../data/accounts.js';

/** A later change of owner does not replace an address that the operator set. Throws `account_not_found`. */
export async function nameEmail(
  tx: CrossTenantTransaction,
  { tenant, email }: { readonly tenant: string; readonly email: string },
): Promise<void> {
  await lockedNow(tx, tenant);
  await requireAccount(tx, tenant);
  await tx.execute(sql`update billing_accounts set email = ${email} where tenant_id = ${tenant}`);
}
