import type { ResponseOf } from '#contracts/operation';
import type { getCustomer, getSite } from '#contracts/customers/operations';
import { type Row, type Sql, sql } from '#platform/database';

export type CustomerRow = Row<
  'customers',
  'id' | 'name' | 'document' | 'email' | 'phone' | 'version' | 'created_at',
  { kind: 'person' | 'company' }
>;

export type SiteRow = Row<
  'sites',
  'id' | 'customer_id' | 'name' | 'address' | 'access_notes' | 'contact' | 'version' | 'created_at'
>;

export const customerById = (id: string): Sql<CustomerRow> => sql`
  select id, kind, name, document, email, phone, version, created_at
    from customers where tenant_id = app.current_tenant() and id = ${id}`;

export const customerPage = (search: string | undefined, beforeId: string, limit: number): Sql<CustomerRow> =>
  search === undefined
    ? sql`
        select id, kind, name, document, email, phone, version, created_at
          from customers
         where tenant_id = app.current_tenant() and id < ${beforeId}
         order by id desc limit ${limit + 1}`
    : sql`
        select id, kind, name, document, email, phone, version, created_at
          from customers
         where tenant_id = app.current_tenant() and id < ${beforeId}
           and (name ilike ${like(search)} or document like ${like(search)})
         order by id desc limit ${limit + 1}`;

export const siteById = (id: string): Sql<SiteRow> => sql`
  select id, customer_id, name, address, access_notes, contact, version, created_at
    from sites where tenant_id = app.current_tenant() and id = ${id}`;

export const sitePage = (customerId: string | undefined, beforeId: string, limit: number): Sql<SiteRow> => sql`
  select id, customer_id, name, address, access_notes, contact, version, created_at
    from sites
   where tenant_id = app.current_tenant() and id < ${beforeId}
     and (${customerId ?? null}::uuid is null or customer_id = ${customerId ?? null}::uuid)
   order by id desc limit ${limit + 1}`;

export function customerView(row: CustomerRow): ResponseOf<typeof getCustomer> {
  const { version: _, created_at, ...shown } = row;
  return { ...shown, created_at: created_at.toISOString() };
}

export function siteView(row: SiteRow): ResponseOf<typeof getSite> {
  const { version: _, created_at, ...shown } = row;
  return { ...shown, created_at: created_at.toISOString() };
}

function like(search: string): string {
  return `%${search.replace(/[\\%_]/g, '\\$&')}%`;
}
