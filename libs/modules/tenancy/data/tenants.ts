import { type Queryable, readModels, type Row, type Sql, sql } from '#platform/database';
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

const SHOWN = {
  id: true,
  slug: true,
  legal_name: true,
  document: true,
  state: true,
  locale: true,
  time_zone: true,
  currency: true,
  version: true,
  created_at: true,
} as const;

/** The operator's list, newest first: by state, and by a part of the slug or of the legal name. */
export function tenantPage(
  tx: Queryable,
  { state, search }: { state: string | undefined; search: string | undefined },
  beforeId: string,
  limit: number,
): Promise<TenantRow[]> {
  return readModels(tx, ({ tenants }) =>
    tenants.findMany({
      where: {
        id: { lt: beforeId },
        ...(state !== undefined && { state }),
        ...(search !== undefined && {
          OR: [{ slug: { contains: search } }, { legal_name: { contains: search, mode: 'insensitive' } }],
        }),
      },
      orderBy: { id: 'desc' },
      take: limit + 1,
      select: SHOWN,
    }),
  ) as Promise<TenantRow[]>;
}

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
