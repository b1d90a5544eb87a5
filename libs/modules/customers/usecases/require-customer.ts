import { sql, type TenantTransaction } from '#platform/database';
import { errors } from '../errors.js';

/** For documents that name a customer and perhaps one of its sites. Throws `customer_not_found` or `site_not_found`. */
export async function requireCustomer(tx: TenantTransaction, customerId: string, siteId: string | null): Promise<void> {
  const found = await tx.first(sql<{ has_site: boolean }>`
    select ${siteId}::uuid is null or exists (
             select from sites s where s.tenant_id = c.tenant_id and s.id = ${siteId} and s.customer_id = c.id) as has_site
      from customers c where c.tenant_id = ${tx.tenant} and c.id = ${customerId}`);
  if (!found) throw errors.customer_not_found();
  if (!found.has_site) throw errors.site_not_found();
}
