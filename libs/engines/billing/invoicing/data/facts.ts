/** The facts of a tenant's subscription that its bills are made from, read in one round trip. */
import { type Row, sql } from '#platform/database';
import { type AccessState, type SuspendedSpan, suspendedSpans } from '../../access/index.js';
import type { Account, Reading } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { type Period, type Phase, type PlanAssignment, plansOf, type PlanTerms } from '../../plans/index.js';
import type { InvoiceLine } from '../domain/invoice-lines.js';

export type SubscriptionRow = Row<
  'billing_subscriptions',
  'tenant_id' | 'id' | 'anchor_on' | 'started_at' | 'cancel_at' | 'ended_at' | 'due_at',
  { interval_months: 1 | 12 }
>;

export interface StoredPeriod extends Period {
  readonly isInvoiced: boolean;
}

export interface Assignment extends PlanAssignment {
  readonly plan: PlanTerms;
}

export interface StoredInvoice {
  readonly id: string;
  readonly periodSeq: number;
  readonly revision: number;
  /** Without the part that was taken from the account's surplus: that part does not belong to the worth of the period. */
  readonly lines: readonly Pick<InvoiceLine, 'kind' | 'meter' | 'phase' | 'quantity' | 'amount'>[];
}

export interface SubscriptionFacts {
  readonly account: Account;
  readonly subscription: SubscriptionRow;
  readonly assignments: readonly Assignment[];
  /** The newest periods, oldest first: all that are not invoiced yet, and those that may still be corrected. */
  readonly periods: readonly StoredPeriod[];
  readonly phases: ReadonlyMap<number, readonly Phase[]>;
  readonly invoices: readonly StoredInvoice[];
  readonly suspensions: readonly SuspendedSpan[];
}

/**
 * Corrections look back this many periods. Usage later than `LATE_DAYS` (domain/approval-reasons.ts) waits for a person.
 * Usage of still older periods is stored and never billed; the operator sees it, see unbilled-usage.ts.
 */
export const PERIODS_LOOKED_AT = 16;

/** Throws `account_not_found` or `subscription_not_found`. */
export async function subscriptionFacts(tx: Reading, tenant: string, subscription: string): Promise<SubscriptionFacts> {
  const [accounts, subscriptions, assigned, periodRows, phaseRows, invoiceRows, transitions] = await tx.batch([
    sql<Account>`select tenant_id, slug, legal_name, locale, time_zone, currency, email, access_state, trial_ends_at, decided_as_of,
               surplus_minor, carried_minor
          from billing_accounts where tenant_id = ${tenant}`,
    sql<SubscriptionRow>`select tenant_id, id, anchor_on, interval_months, started_at, cancel_at, ended_at, due_at
          from billing_subscriptions where tenant_id = ${tenant} and id = ${subscription}`,
    sql<AssignmentRow>`select plan_id, from_at, lead(from_at) over (order by from_at) as to_at
          from billing_plan_assignments where tenant_id = ${tenant} and subscription_id = ${subscription} order by from_at`,
    sql<PeriodRow>`select seq, starts_at, ends_at, time_zone, tzdb_version, is_invoiced from billing_periods
         where tenant_id = ${tenant} and subscription_id = ${subscription}
           and (not is_invoiced or seq > (select coalesce(max(seq), 0) - ${PERIODS_LOOKED_AT}::int from billing_periods
                                           where tenant_id = ${tenant} and subscription_id = ${subscription}))
         order by seq`,
    sql<PhaseRow>`select period_seq, phase, plan_id, starts_at, ends_at, days, days_of_period from billing_phases
         where tenant_id = ${tenant} and subscription_id = ${subscription}
           and period_seq > (select coalesce(max(seq), 0) - ${PERIODS_LOOKED_AT}::int from billing_periods
                              where tenant_id = ${tenant} and subscription_id = ${subscription})
         order by period_seq, phase`,
    sql<InvoiceRow>`select i.id, i.period_seq, i.revision,
               (select json_agg(json_build_object('kind', l.kind, 'meter', l.meter, 'phase', l.phase, 'quantity', l.quantity::text,
                                                  'amount', l.amount_minor::text) order by l.line_no)
                  from billing_invoice_lines l where l.tenant_id = i.tenant_id and l.invoice_id = i.id and l.kind <> 'surplus') as lines
          from billing_invoices i
         where i.tenant_id = ${tenant} and i.subscription_id = ${subscription}
           and i.period_seq > (select coalesce(max(seq), 0) - ${PERIODS_LOOKED_AT}::int from billing_periods
                                where tenant_id = ${tenant} and subscription_id = ${subscription})
         order by i.period_seq, i.revision`,
    sql<TransitionRow>`select to_state, as_of from billing_access_transitions where tenant_id = ${tenant} order by seq`,
  ]);
  const [account] = accounts;
  const [row] = subscriptions;
  if (!account) throw errors.account_not_found();
  if (!row) throw errors.subscription_not_found();
  const plans = await plansOf(
    tx,
    [...assigned, ...phaseRows].map(({ plan_id: id }) => id),
  );
  return {
    account,
    subscription: row,
    assignments: assigned.map(({ plan_id: id, from_at: from, to_at: to }) => ({ plan: plans.get(id)!, from, to })),
    periods: periodRows.map(periodOf),
    phases: phasesByPeriod(phaseRows, plans),
    invoices: invoiceRows.map(invoiceOf),
    suspensions: suspendedSpans(transitions.map(({ to_state: to, as_of: asOf }) => ({ to, asOf }))),
  };
}

type AssignmentRow = Row<'billing_plan_assignments', 'plan_id' | 'from_at'> & { to_at: Date | null };

type TransitionRow = Row<'billing_access_transitions', 'as_of', { to_state: AccessState }>;

type PeriodRow = Row<'billing_periods', 'seq' | 'starts_at' | 'ends_at' | 'time_zone' | 'tzdb_version' | 'is_invoiced'>;

type PhaseRow = Row<
  'billing_phases',
  'period_seq' | 'phase' | 'plan_id' | 'starts_at' | 'ends_at' | 'days' | 'days_of_period'
>;

type InvoiceRow = Row<'billing_invoices', 'id' | 'period_seq' | 'revision'> & {
  lines:
    | { kind: InvoiceLine['kind']; meter: string | null; phase: number | null; quantity: string; amount: string }[]
    | null;
};

function periodOf(row: PeriodRow): StoredPeriod {
  const { seq, starts_at: startsAt, ends_at: endsAt, time_zone: zone, tzdb_version: tzdbVersion } = row;
  return { seq, startsAt, endsAt, zone, tzdbVersion, isInvoiced: row.is_invoiced };
}

function phasesByPeriod(rows: readonly PhaseRow[], plans: ReadonlyMap<string, PlanTerms>) {
  const phases = new Map<number, Phase[]>();
  for (const row of rows) {
    const { phase: index, starts_at: startsAt, ends_at: endsAt, days, days_of_period: daysOfPeriod } = row;
    const phase = { index, plan: plans.get(row.plan_id)!, startsAt, endsAt, days, daysOfPeriod };
    phases.set(row.period_seq, [...(phases.get(row.period_seq) ?? []), phase]);
  }
  return phases;
}

function invoiceOf(row: InvoiceRow): StoredInvoice {
  return {
    id: row.id,
    periodSeq: row.period_seq,
    revision: row.revision,
    lines: (row.lines ?? []).map(({ kind, meter, phase, quantity, amount }) => ({
      kind,
      ...(meter === null ? {} : { meter }),
      ...(phase === null ? {} : { phase }),
      quantity: BigInt(quantity),
      amount: BigInt(amount),
    })),
  };
}
