/**
 * Finds the tenant of a slug, for every request. A slug never moves to another tenant, so a tenant that was found stays
 * in memory. A slug without a tenant is looked up again after a second, so that a new store can be reached soon, and a
 * flood of unknown names costs at most one query for each name and second.
 */
import { Inject, Injectable } from '#platform/nest';
import { tenantId } from '#kernel';
import { type Row, sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import type { SiteTenant, TenantDirectory } from '#platform/http';

const KEPT = 20_000;
const MISSING_MS = 1_000;

@Injectable()
export class CachedTenantDirectory implements TenantDirectory {
  private readonly found = new Map<string, SiteTenant>();
  private readonly missing = new Map<string, number>();

  constructor(@Inject(CrossTenantDatabase) private readonly database: CrossTenantDatabase) {}

  async find(slug: string): Promise<SiteTenant | undefined> {
    const known = this.found.get(slug);
    if (known) return known;
    const now = performance.now();
    if ((this.missing.get(slug) ?? 0) > now) return undefined;
    const row = await this.database.first(sql<Row<'tenants', 'id'>>`select id from tenants where slug = ${slug}`);
    if (!row) {
      remember(this.missing, slug, now + MISSING_MS);
      return undefined;
    }
    const tenant = { id: tenantId(row.id), slug };
    remember(this.found, slug, tenant);
    return tenant;
  }
}

/** Removes the oldest entry, so the size has a limit. A full clear would send every tenant to the database at once. */
function remember<Value>(cache: Map<string, Value>, key: string, value: Value): void {
  if (cache.size >= KEPT) cache.delete(cache.keys().next().value!);
  cache.set(key, value);
}
