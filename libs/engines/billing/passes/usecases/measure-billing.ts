/**
 * Gauges of the results of the passes. The worker reports them, because a pass has ended when the metrics are read. Each
 * gauge has an alert in infra/monitoring and a page in docs/runbooks.
 */
import { type Queryable, sql } from '#platform/database';
import { gauge } from '#platform/telemetry';
import { unbilledUsage } from '../../invoicing/index.js';

/** A gauge does not count further than this. */
const MOST_UNBILLED = 1_000;

const lastSuccess = gauge({
  name: 'billing_pass_last_success_timestamp_seconds',
  help: 'When the newest run of a pass that went through to its end finished; 0 if none ever did',
  labelNames: ['pass'] as const,
});
const brokenRuns = gauge({
  name: 'billing_pass_broken_runs',
  help: 'Runs of a pass that began more than an hour ago, in the last day, and never finished',
  labelNames: ['pass'] as const,
});
const parkedTenants = gauge({
  name: 'billing_parked_tenants',
  help: 'Tenants that a pass leaves out until a person has looked',
  labelNames: ['pass'] as const,
});
const waitingInvoices = gauge({
  name: 'billing_invoices_to_approve',
  help: 'Invoices that wait for a person to approve or reject them',
});
const unsettledAttempts = gauge({
  name: 'billing_unsettled_attempts',
  help: 'Charges begun more than an hour ago whose outcome is not known',
});
const unsentNotices = gauge({
  name: 'billing_unsent_notices',
  help: 'Notices recorded more than an hour ago that no mail server has taken; their tenants are not suspended meanwhile',
});
const waitingProviderEvents = gauge({
  name: 'billing_waiting_provider_events',
  help: 'Messages of payment providers stored more than an hour ago and not taken in',
});

const unbilledPeriods = gauge({
  name: 'billing_unbilled_usage_periods',
  help: 'Periods and meters with usage that came too late for any pass to bill it',
});

const PASSES = ['billing-overage', 'billing-grace', 'billing-reconcile'] as const;

interface WaitingCounts {
  approve: number;
  attempts: number;
  notices: number;
  events: number;
}

export async function measureBilling(database: Queryable): Promise<void> {
  const passes = await database.query<{ pass: string; finished: number; broken: number; parked: number }>(sql`
    select p.pass,
           coalesce((select extract(epoch from max(r.finished_at)) from billing_runs r where r.pass = p.pass), 0)::float8 as finished,
           (select count(*)::int from billing_runs r
             where r.pass = p.pass and r.finished_at is null
               and r.started_at between app.now() - interval '1 day' and app.now() - interval '1 hour') as broken,
           (select count(k.tenant_id)::int from billing_parked k where k.pass = p.pass) as parked
      from unnest(${PASSES}::text[]) as p(pass)`);
  for (const { pass, finished, broken, parked } of passes) {
    lastSuccess.set({ pass }, finished);
    brokenRuns.set({ pass }, broken);
    parkedTenants.set({ pass }, parked);
  }
  const row = (await database.first<WaitingCounts>(sql`
    select (select count(tenant_id)::int from billing_invoices where status = 'needs_approval') as approve,
           (select count(tenant_id)::int from billing_payment_attempts
             where state in ('created', 'sent', 'unknown') and created_at < app.now() - interval '1 hour') as attempts,
           (select count(tenant_id)::int from billing_notices
             where handed_over_at is null and recorded_at < app.now() - interval '1 hour') as notices,
           (select count(*)::int from billing_provider_events
             where state = 'received' and received_at < app.now() - interval '1 hour') as events`))!;
  waitingInvoices.set(row.approve);
  unsettledAttempts.set(row.attempts);
  unsentNotices.set(row.notices);
  waitingProviderEvents.set(row.events);
  unbilledPeriods.set((await database.query(unbilledUsage(null, MOST_UNBILLED))).length);
}
