/**
 * `usage-storage`: measures once a day how many bytes each store keeps, and emits the result as an event for billing.
 *
 *   stores whose plan limits storage ─▶ one transaction per store, as that store: measure, record the day, emit the event
 *
 * The day's row and the event commit together, so each day is reported once, even with concurrent runs, kills and repeated
 * runs. Only rows of the one store are read, by the indexes that begin with the tenant.
 *
 * The pass also announces the caps that were not announced yet (see set-own-cap.ts). There are some after an upgrade, and
 * none later. The table `entitlement_caps` calls them untold: `told_at` differs from `set_at`.
 */
import { storageMeasured } from '#contracts/entitlements/events';
import { DomainError, newId, tenantId } from '#kernel';
import { type Queryable, type Row, sql, TenantDatabase, type TenantTransaction } from '#platform/database';
import type { EnginePass, PassContext, PassEvent } from '#platform/inbox';
import { emit } from '#platform/outbox';
import { errors } from '../../errors.js';
import { announceOwnCaps } from '../set-own-cap.js';

const ACTOR = { id: 'system:usage-storage' };
const MEGABYTE = 1_000_000n;
const PAGE = 500;
const BEGINNING = '00000000-0000-0000-0000-000000000000';
/** The largest table of a store may take longer than the time limit of a request. */
const STATEMENT_TIMEOUT_MS = 60_000;

const storagePass: EnginePass = {
  name: 'usage-storage',
  summary: 'measure what each store keeps, once a day',
  async *run({ database, settings, asOf, tenant: only, isDryRun }: PassContext): AsyncGenerator<PassEvent> {
    if (asOf) throw errors.storage_is_measured_now();
    const stores = new TenantDatabase({
      url: settings.DATABASE_URL,
      application: 'usage-storage',
      maxConnections: 1,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    });
    const counts = { tenants: 0, measured: 0, caps_told: 0, failed: 0 };
    const asStore = <Result>(tenant: string, work: (tx: TenantTransaction) => Promise<Result>) => {
      const scope = { tenant: tenantId(tenant), actor: ACTOR };
      return isDryRun ? stores.rehearse(scope, work) : stores.transaction(scope, work);
    };
    try {
      for (const tenant of await storesWithUnannouncedCaps(database, only)) {
        try {
          const caps = await asStore(tenant, announceOwnCaps);
          if (caps === 0) continue;
          counts.caps_told += caps;
          yield { kind: 'tenant', tenant, facts: { caps_told: caps, dry_run: isDryRun } };
        } catch (error) {
          counts.failed += 1;
          yield failureOf(tenant, error);
        }
      }
      for (let after = BEGINNING; ;) {
        const page = await limitedStores(database, after, only);
        for (const tenant of page) {
          try {
            const bytes = await asStore(tenant, measure);
            if (bytes === undefined) continue;
            counts.measured += 1;
            yield {
              kind: 'tenant',
              tenant,
              facts: { megabytes: Number(bytes / MEGABYTE), bytes: Number(bytes), dry_run: isDryRun },
            };
          } catch (error) {
            counts.failed += 1;
            yield failureOf(tenant, error);
          }
        }
        counts.tenants += page.length;
        if (page.length > 0) yield { kind: 'progress', done: counts.tenants, total: counts.tenants };
        if (page.length < PAGE) break;
        after = page.at(-1)!;
      }
    } finally {
      await stores.close();
    }
    yield { kind: 'done', facts: { dry_run: isDryRun, ...counts } };
  },
};

export const USAGE_PASSES: readonly EnginePass[] = [storagePass];

/** The failure of one store is reported and does not stop the others. An unavailable database ends the pass. */
function failureOf(tenant: string, error: unknown): PassEvent {
  if (error instanceof DomainError && error.code === 'database_unavailable') throw error;
  return { kind: 'failed', facts: { tenant, reason: error instanceof Error ? error.message : String(error) } };
}

/** A store whose plan does not limit the meter is not measured, because the figure has no use. */
async function limitedStores(database: Queryable, after: string, only: string | undefined): Promise<string[]> {
  const rows = await database.query(sql<Row<'entitlements', 'tenant_id'>>`
    select distinct tenant_id from entitlements
     where meter = 'stored_mb' and starts_at <= app.now() and ends_at > app.now() and tenant_id > ${after}::uuid
       and (${only ?? null}::uuid is null or tenant_id = ${only ?? null}::uuid)
     order by tenant_id limit ${PAGE}`);
  return rows.map(({ tenant_id: tenant }) => tenant);
}

async function storesWithUnannouncedCaps(database: Queryable, only: string | undefined): Promise<string[]> {
  const rows = await database.query(sql<Row<'entitlement_caps', 'tenant_id'>>`
    select distinct tenant_id from entitlement_caps
     where told_at is distinct from set_at and (${only ?? null}::uuid is null or tenant_id = ${only ?? null}::uuid)
     order by tenant_id`);
  return rows.map(({ tenant_id: tenant }) => tenant);
}

/** The measured bytes; undefined when the day was measured before. */
async function measure(tx: TenantTransaction): Promise<bigint | undefined> {
  const row = await tx.first(sql<Row<'entitlement_storage', 'bytes' | 'measured_at'>>`
    insert into entitlement_storage (tenant_id, measured_on, measured_at, bytes)
    select ${tx.tenant}, (app.now() at time zone 'UTC')::date, date_trunc('milliseconds', app.now()), app.stored_bytes()
     where not exists (select from entitlement_storage
                        where tenant_id = ${tx.tenant} and measured_on = (app.now() at time zone 'UTC')::date)
    on conflict do nothing
    returning bytes, measured_at`);
  if (!row) return undefined;
  const { bytes, measured_at: measuredAt } = row;
  emit(
    tx,
    storageMeasured,
    { id: newId(), version: 1 },
    { bytes: Number(bytes), megabytes: Number(bytes / MEGABYTE), measured_at: measuredAt.toISOString() },
  );
  return bytes;
}
