/** Finds the tenant that a command line or a path names. */

import { isUuid } from '#kernel';
import { type Row, sql } from '#platform/database';
import { errors } from '../../errors.js';
import type { Reading } from './reading.js';

/** `name` is a slug or an id. Throws `account_not_found`. */
export async function tenantNamed(tx: Reading, name: string): Promise<{ tenant: string; slug: string }> {
  const id = isUuid(name) ? name : null;
  const row = await tx.first<Row<'billing_accounts', 'tenant_id' | 'slug'>>(sql`
    select tenant_id, slug from billing_accounts where tenant_id = ${id}::uuid or (${id}::uuid is null and slug = ${name})`);
  if (!row) throw errors.account_not_found();
  return { tenant: row.tenant_id, slug: row.slug };
}
