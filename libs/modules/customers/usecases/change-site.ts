import type { BodyOf } from '#contracts/operation';
import type { changeSite as operation } from '#contracts/customers/operations';
import { siteChanged } from '#contracts/customers/events';
import { sql, type TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import type { SiteRow } from '../data/customers.js';
import { errors } from '../errors.js';

export interface ChangeSite extends BodyOf<typeof operation> {
  id: string;
  expectedVersion: number | undefined;
}

export async function changeSite(tx: TenantTransaction, input: ChangeSite): Promise<SiteRow> {
  const before = await tx.first(sql<SiteRow>`
    select id, customer_id, name, address, access_notes, contact, version, created_at
      from sites where tenant_id = ${tx.tenant} and id = ${input.id} for update`);
  if (!before) throw errors.site_not_found();
  if (input.expectedVersion !== undefined && input.expectedVersion !== before.version) throw errors.version_conflict();
  const after = (await tx.first(sql<SiteRow>`
    update sites
       set name = ${input.name ?? before.name},
           address = ${input.address ?? before.address},
           access_notes = ${input.access_notes === undefined ? before.access_notes : input.access_notes},
           contact = ${input.contact === undefined ? before.contact : input.contact},
           version = version + 1,
           changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${input.id}
    returning id, customer_id, name, address, access_notes, contact, version, created_at`))!;
  emit(
    tx,
    siteChanged,
    { id: after.id, version: after.version },
    {
      site_id: after.id,
      customer_id: after.customer_id,
      name: after.name,
    },
  );
  return after;
}
