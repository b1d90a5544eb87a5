// @ts-check
/**
 * Statements that leave the tenant open, and why: `file function: tables`. A new line here is what a reviewer should look at
 * first. A line that excuses nothing any more fails the test as well.
 */
const byName = 'Finds a tenant by its slug, before its id is known.';
const pass = 'A pass looks for what is due over all tenants.';
const provider = 'A payment provider names its customer, not the tenant.';
const both =
  'The operator lists all tenants with it, a store only itself; there row security is the only condition that always holds.';
const desk = 'The operator reads over all tenants.';
const metric = 'A metric counts over all tenants.';
const claim = 'A worker claims stale rows of whichever tenants have some.';
const backup = 'The column that holds the tenant depends on the table; it is compared with the tenant.';
const strays = 'Looks for rows of another tenant in an archive, so that they are refused.';
const schema = 'Creates and drops a schema beside the tables; it reads no row of a tenant.';
const retries = 'The worker looks for retries and gaps of all tenants.';
const relay = 'The relay reads the outbox of all tenants in the order of their transactions.';
const recovery = 'A recovery epoch holds for the whole database.';
const retention = 'What is past its retention is deleted over all tenants.';
const seed = 'The demo looks for stores by their slug, and counts what they all have.';

/** @type {Readonly<Record<string, string>>} */
export const CROSS_TENANT = {
  'libs/engines/billing/accounts/data/tenant-named.ts tenantNamed: billing_accounts': byName,
  'libs/engines/billing/collection/data/attempts.ts invoicesToCharge: billing_invoices, billing_payment_methods': pass,
  'libs/engines/billing/collection/data/attempts.ts unsettledAttempts: billing_invoices, billing_payment_attempts, billing_payment_methods':
    pass,
  'libs/engines/billing/collection/data/methods.ts ownersOf: billing_payment_methods': provider,
  'libs/engines/billing/collection/data/payment-rows.ts factRows: billing_accounts, billing_invoices, billing_payment_facts':
    both,
  'libs/engines/billing/collection/notices/claim-notice.ts claimNotice: billing_access_episodes, billing_accounts, billing_notices':
    pass,
  'libs/engines/billing/invoicing/data/invoice-rows.ts invoiceRows: billing_accounts, billing_invoices, billing_periods':
    both,
  'libs/engines/billing/invoicing/data/invoiced-months.ts invoicedMonths: billing_invoices': desk,
  'libs/engines/billing/invoicing/data/unbilled-usage.ts unbilledUsage: billing_accounts, billing_periods, billing_usage_events':
    desk,
  'libs/engines/billing/passes/data/run-rows.ts parkedRows: billing_accounts, billing_parked': desk,
  'libs/engines/billing/passes/data/runs.ts dueSubscriptions: billing_subscriptions': pass,
  'libs/engines/billing/passes/data/runs.ts tenantsToDecide: billing_accounts, billing_invoices': pass,
  'libs/engines/billing/passes/usecases/measure-billing.ts measureBilling: billing_invoices, billing_notices, billing_payment_attempts':
    metric,
  'libs/engines/billing/passes/usecases/measure-billing.ts measureBilling: billing_parked': metric,
  'libs/engines/billing/plans/data/plan-versions.ts newestPlans: billing_subscriptions': desk,
  'libs/engines/billing/plans/data/plan-versions.ts versionsOfPlan: billing_accounts, billing_plan_assignments, billing_subscriptions':
    desk,
  'libs/engines/billing/usage/data/counters.ts claimStale: billing_accounts': claim,
  'libs/engines/billing/usage/usecases/measure-quotas.ts measureQuotas: billing_periods, billing_usage_counters':
    metric,
  'libs/engines/sales/data/reviews.ts claimStatement: a table named at run time': claim,
  'libs/engines/stock/data/claims.ts claimStale: stock_engine_products': claim,
  'libs/modules/audit/data/entries.ts entryPage: operator_audit_entries': desk,
  'libs/modules/entitlements/data/metrics.ts measureAccess: tenant_access': metric,
  'libs/modules/entitlements/usecases/worker/measure-storage.ts limitedStores: entitlements': pass,
  'libs/modules/entitlements/usecases/worker/measure-storage.ts storesWithUnannouncedCaps: entitlement_caps': pass,
  'libs/modules/tenancy/adapters/tenant-directory.ts CachedTenantDirectory.find: tenants': byName,
  'libs/modules/tenancy/data/tenants.ts requireTenant: tenants': byName,
  'libs/modules/tenancy/data/tenants.ts tenantPage: tenants': desk,
  'libs/modules/tenancy/usecases/operator/count-tenants.ts countTenants: tenants': metric,
  'libs/platform/backup/compare.ts comparison: a table named at run time': backup,
  'libs/platform/backup/export-store.ts headerOf: tenants': byName,
  'libs/platform/backup/export-store.ts partsOf: a table named at run time': backup,
  'libs/platform/backup/restore-store.ts storeOf: tenants': byName,
  'libs/platform/backup/side-copy.ts SideCopy.requireOneStore: a table named at run time': strays,
  'libs/platform/backup/side-copy.ts asOwner: a text known only at run time': schema,
  'libs/platform/inbox/operator.ts consumerStatus: deferred_events, failed_events': desk,
  'libs/platform/inbox/operator.ts countFailedEvents: failed_events': desk,
  'libs/platform/inbox/operator.ts listDeadLetters: failed_events': desk,
  'libs/platform/inbox/worker/gate-statements.ts dueFailures: failed_events': retries,
  'libs/platform/inbox/worker/gate-statements.ts orphanedGaps: deferred_events': retries,
  'libs/platform/inbox/worker/gate-statements.ts waiting: deferred_events, failed_events': retries,
  'libs/platform/inbox/worker/replay.ts Replayer.createShadow: a text known only at run time': schema,
  'libs/platform/inbox/worker/replay.ts Replayer.dropShadow: a text known only at run time': schema,
  'libs/platform/inbox/worker/tenants.ts tenantsOf: engine_versions': retries,
  'libs/platform/inbox/worker/worker.ts Worker.measure: deferred_events, failed_events': metric,
  'libs/platform/outbox/operator.ts listEvents: outbox_events': desk,
  'libs/platform/outbox/operator.ts relayStatus: outbox_events': desk,
  'libs/platform/outbox/operator.ts showEvent: outbox_events': desk,
  'libs/platform/outbox/relay/relay-repository.ts RelayRepository.missing: outbox_events': relay,
  'libs/platform/outbox/relay/relay-repository.ts RelayRepository.read: outbox_events': relay,
  'libs/platform/outbox/relay/relay-repository.ts RelayRepository.unpublished: outbox_events': relay,
  'libs/platform/recovery/decide.ts recoveryStatus: outbox_events': recovery,
  'libs/platform/recovery/decide.ts requireReachableOutbox: outbox_events': recovery,
  'libs/platform/retention/retention.ts deletePortion: a table named at run time': retention,
  'prisma/seed/billing.ts runPasses: billing_notices': seed,
  'prisma/seed/main.ts : tenants': seed,
  'prisma/seed/main.ts openStore: tenants': seed,
  'prisma/seed/main.ts seedStore: tenants': seed,
};
