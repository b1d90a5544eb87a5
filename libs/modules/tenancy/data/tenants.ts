import { type Queryable, type Row, type Sql, sql } from '#platform/database';
import type { TenantState } from '../domain/tenant.js';
import { errors } from '../errors.js';
import { isUuid, tenantId, type TenantId } from '#kernel';

export type TenantRow = Row<
  'tenants',
  'slug' | 'legal_name' | 'document' | 'locale' | 'time_zone' | 'currency' | 'version' | 'created_at',
  { id: TenantId; state: TenantState }
>;

export const tenantById = (id: string): Sql<TenantRow> => sql`
  select id, slug, legal_name, document, state, locale, time_zone, currency, version, created_at from tenants where id = ${id}`;

/** The operator's list, newest first: by state, and by a part of the slug or of the legal name. */
export const tenantPage = (
  { state, search }: { state: string | undefined; search: string | undefined },
  beforeId: string,
  limit: number,
): Sql<TenantRow> => sql`
  select id, slug, legal_name, document, state, locale, time_zone, currency, version, created_at
    from tenants
   where id < ${beforeId}
     and (${state ?? null}::text is null or state = ${state ?? null})
     and (${search ?? null}::text is null
          or strpos(slug, lower(${search ?? null})) > 0 or strpos(lower(legal_name), lower(${search ?? null})) > 0)
   order by id desc limit ${limit + 1}`;

/** By slug or id, as people name it on a command line. Throws `tenant_not_found`. */
export async function requireTenant(tx: Queryable, name: string): Promise<TenantRow> {
  const row = await tx.first(
    isUuid(name)
      ? tenantById(name)
      : sql<TenantRow>`
          select id, slug, legal_name, document, state, locale, time_zone, currency, version, created_at from tenants where slug = ${name}`,
  );
  if (!row) throw errors.tenant_not_found();
  return { ...row, id: tenantId(row.id) };
}

export function tenantView(row: TenantRow) {
  const { version: _, created_at, ...shown } = row;
  return { ...shown, created_at: created_at.toISOString() };
}
