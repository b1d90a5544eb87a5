/** The address to which the operator wants a tenant’s notices sent. */

import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { lockedNow, requireAccount } from '../data/accounts.js';

/** An address that the operator named stays, whoever owns the store later. Throws `account_not_found`. */
export async function nameEmail(
  tx: CrossTenantTransaction,
  { tenant, email }: { readonly tenant: string; readonly email: string },
): Promise<void> {
  await lockedNow(tx, tenant);
  await requireAccount(tx, tenant);
  await tx.execute(sql`update billing_accounts set email = ${email} where tenant_id = ${tenant}`);
}
