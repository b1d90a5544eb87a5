import type { BodyOf } from '#contracts/operation';
import type { createSite as operation } from '#contracts/customers/operations';
import { siteCreated } from '#contracts/customers/events';
import { newId } from '#kernel';
import { sql, type TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import type { SiteRow } from '../data/customers.js';
import { errors } from '../errors.js';

export async function createSite(tx: TenantTransaction, input: BodyOf<typeof operation>): Promise<SiteRow> {
  const id = newId();
  const row = await tx.first(sql<SiteRow>`
    insert into sites (tenant_id, id, customer_id, name, address, access_notes, contact, created_at, changed_at)
    select c.tenant_id, ${id}, c.id, ${input.name}, ${input.address}, ${input.access_notes ?? null}, ${input.contact ?? null},
           app.now(), app.now()
      from customers c where c.tenant_id = ${tx.tenant} and c.id = ${input.customer_id}
    returning id, customer_id, name, address, access_notes, contact, version, created_at`);
  if (!row) throw errors.customer_not_found();
  emit(tx, siteCreated, { id, version: row.version }, { site_id: id, customer_id: row.customer_id, name: row.name });
  return row;
}
