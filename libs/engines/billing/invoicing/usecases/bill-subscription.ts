/**
 * One tenant's part of the billing pass, in one transaction under the account's lock:
 *
 *   facts ─▶ periods that have begun ─▶ bills that are due, corrections of earlier ones ─▶ when to look again
 *
 * All values are computed from facts and `asOf`, and written in two round trips. A second run finds the rows of the first
 * and adds nothing. This holds for any number of missed passes and for passes that run at the same time.
 */
import { invoiceIssued, invoiceSettled } from '#contracts/billing/events';
import { Money } from '#kernel';
import { type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { announceAll, type Announcement, announcement, type Reading } from '../../accounts/index.js';
import { entitlementsOf, MICRO, type PlanTerms } from '../../plans/index.js';
import { usageOfSpans } from '../../usage/index.js';
import { type StoredInvoice, type SubscriptionFacts, subscriptionFacts } from '../data/facts.js';
import { insertions, type NewInvoice, numberInvoices, type SavedInvoice, type StoredLine } from '../data/invoices.js';
import {
  type BillingFacts,
  correctablePeriods,
  isLastPeriod,
  type KnownPeriod,
  type MadeInvoice,
  makeInvoices,
  missingPeriods,
  nextDueAt,
  type PeriodFacts,
  type RipePeriod,
  ripePeriods,
  worthOf,
} from '../domain/billing-plan.js';
import type { Earlier, Usage } from '../domain/invoice-lines.js';

const DAY_MS = 86_400_000;
const TRAILING_INVOICES = 6;
/** The version of the zone database that this process computes with. */
const TZDB_VERSION = process.versions.tz ?? 'unknown';

export interface BillingOutcome {
  readonly slug: string;
  readonly periods: number;
  readonly invoices: readonly SavedInvoice[];
}

/** Throws `account_not_found`, `subscription_not_found` or an error of the domain; the caller then parks the tenant. */
export async function billSubscription(
  tx: CrossTenantTransaction,
  tenant: string,
  subscription: string,
  asOf: Date,
): Promise<BillingOutcome> {
  // The consumer takes the same lock: either this pass sees its usage, or it sees the bills of this pass and sets it due.
  await tx.execute(sql`
    select from billing_subscriptions where tenant_id = ${tenant} and id = ${subscription} for no key update`);
  const facts = await subscriptionFacts(tx, tenant, subscription);
  const billing = billingFacts(facts);
  const fresh = missingPeriods(billing, asOf).map((period) => ({ ...period, isInvoiced: false }));
  const periods: KnownPeriod[] = [...facts.periods, ...fresh];
  const ripe = ripePeriods(billing, periods, asOf);
  const correctable = correctablePeriods(billing, facts.periods);
  const rated = await rate(tx, facts, ripe, correctable);
  const made = makeInvoices(rated, accountFacts(facts), asOf);
  const invoices = made.invoices.map((invoice) => newInvoice(facts, invoice, asOf));
  const invoicedSeqs = new Set(ripe.map(({ period }) => period.seq));
  const after = periods.map((period) => (invoicedSeqs.has(period.seq) ? { ...period, isInvoiced: true } : period));
  const saved = await numberInvoices(tx, invoices, [
    ...(fresh.length > 0 ? [insertPeriods(tenant, subscription, fresh)] : []),
    ...(ripe.length > 0
      ? [insertPhases(tenant, subscription, ripe), markInvoiced(tenant, subscription, [...invoicedSeqs])]
      : []),
    ...balances(facts, made),
    lookAgain(facts, billing, after),
    ...(fresh.length > 0 ? [markStale(tenant)] : []),
  ]);
  const announcements = [...announcementsOf(saved), ...entitlements(facts, billing, fresh, asOf)];
  await announceAll(tx, tenant, announcements, undefined, insertions(tenant, saved, asOf));
  return { slug: facts.account.slug, periods: fresh.length, invoices: saved };
}

export function billingFacts({
  account,
  subscription,
  periods,
  assignments,
}: SubscriptionFacts): BillingFacts<PlanTerms> {
  return {
    subscription: {
      id: subscription.id,
      anchorOn: subscription.anchor_on,
      zone: account.time_zone,
      intervalMonths: subscription.interval_months,
      tzdbVersion: TZDB_VERSION,
    },
    cancelAt: subscription.cancel_at,
    hasEnded: subscription.ended_at !== null,
    dueAt: subscription.due_at,
    periods,
    assignments,
  };
}

export async function rate(
  tx: Reading,
  facts: SubscriptionFacts,
  ripe: readonly RipePeriod[],
  correctable: readonly KnownPeriod[],
): Promise<PeriodFacts[]> {
  const rated = [
    ...ripe.map(({ period, phases }) => ({ period, phases, earlier: null })),
    ...correctable.map((period) => ({
      period,
      phases: facts.phases.get(period.seq) ?? [],
      earlier: earlierOf(facts.invoices.filter(({ periodSeq }) => periodSeq === period.seq)),
    })),
  ];
  const parts = rated.flatMap(({ period, phases }) => phases.map((phase) => ({ seq: period.seq, phase })));
  const tenant = facts.account.tenant_id;
  const totals = await usageOfSpans(
    tx,
    parts.map(({ phase }) => ({ tenant, from: phase.startsAt, to: phase.endsAt })),
  );
  return rated.map((period) => ({
    ...period,
    usage: parts.flatMap(({ seq, phase }, place): Usage[] =>
      seq === period.period.seq ? totals[place]!.map((total) => ({ phase: phase.index, ...total })) : [],
    ),
  }));
}

/** A period without an invoice had nothing to bill at that time; its present worth is a correction as a whole. */
function earlierOf(invoices: readonly StoredInvoice[]): Earlier {
  const newest = invoices.reduce((revision, invoice) => Math.max(revision, invoice.revision), -1);
  return { revision: newest, lines: invoices.flatMap(({ lines }) => lines) };
}

export function accountFacts({ account, subscription, suspensions, invoices }: SubscriptionFacts) {
  const first = invoices.filter(({ revision }) => revision === 0).map(({ lines }) => worthOf(lines));
  return {
    subscription: subscription.id,
    suspensions,
    carried: account.carried_minor,
    surplus: account.surplus_minor,
    earlierTotals: first.slice(-TRAILING_INVOICES),
  };
}

function newInvoice({ subscription, assignments }: SubscriptionFacts, invoice: MadeInvoice, asOf: Date): NewInvoice {
  const { period, revision, surplusUsed } = invoice;
  const plan = (assignments.findLast(({ from }) => from < period.endsAt) ?? assignments[0]!).plan;
  const lines: StoredLine[] = [...invoice.lines];
  if (surplusUsed > 0n) {
    const key = `${subscription.id}/${period.seq}/${revision}/surplus`;
    lines.push({ key, kind: 'surplus', quantity: 1n, priceMicro: -surplusUsed * MICRO, amount: -surplusUsed });
  }
  return {
    subscription: subscription.id,
    periodSeq: period.seq,
    revision,
    currency: plan.currency,
    lines,
    total: invoice.total,
    dueAt: new Date(asOf.getTime() + plan.dueDays * DAY_MS),
    doubt: invoice.doubt,
  };
}

function balances({ account }: SubscriptionFacts, made: { carried: bigint; surplus: bigint }): Sql[] {
  if (made.carried === account.carried_minor && made.surplus === account.surplus_minor) return [];
  return [
    sql`update billing_accounts set carried_minor = ${made.carried}, surplus_minor = ${made.surplus}
         where tenant_id = ${account.tenant_id}`,
  ];
}

/** Facts that arrived while the pass computed have set `due_at` back: it then stays, and the next pass applies them. */
function lookAgain({ subscription }: SubscriptionFacts, billing: BillingFacts, periods: readonly KnownPeriod[]): Sql {
  const dueAt = nextDueAt(billing, periods);
  const last = periods.at(-1);
  const hasEnded = isLastPeriod(billing, last) && periods.every(({ isInvoiced }) => isInvoiced);
  return sql`
    update billing_subscriptions
       set due_at = case when date_trunc('milliseconds', due_at) = ${subscription.due_at}
                         then coalesce(${dueAt}::timestamptz, 'infinity') else due_at end,
           ended_at = coalesce(ended_at, ${hasEnded ? last!.endsAt : null}::timestamptz)
     where tenant_id = ${subscription.tenant_id} and id = ${subscription.id}`;
}

function announcementsOf(saved: readonly SavedInvoice[]): Announcement[] {
  return saved.flatMap((invoice) => {
    const { id, number, total, currency, dueAt, status } = invoice;
    if (number === null) return [];
    const data = { invoice_id: id, number: Number(number), total: new Money(total, currency).toText(), currency };
    const issued = announcement(invoiceIssued, { ...data, due_at: dueAt.toISOString() });
    return status === 'paid' ? [issued, announcement(invoiceSettled, data)] : [issued];
  });
}

function entitlements(
  { assignments }: SubscriptionFacts,
  billing: BillingFacts,
  fresh: readonly KnownPeriod[],
  asOf: Date,
): Announcement[] {
  const plan = assignments.findLast(({ from }) => from <= asOf)?.plan;
  const current = fresh.at(-1);
  return plan && current
    ? [entitlementsOf(plan, current, billing.subscription, { isLast: isLastPeriod(billing, current) })]
    : [];
}

/** A period that begins has counters from its first moment on, at zero: the account is marked for a new count. */
const markStale = (tenant: string): Sql => sql`update billing_accounts set is_stale = true where tenant_id = ${tenant}`;

const insertPeriods = (tenant: string, subscription: string, periods: readonly KnownPeriod[]): Sql => sql`
  insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version)
  select ${tenant}::uuid, ${subscription}::uuid, p.* from unnest(
    ${periods.map(({ seq }) => seq)}::int[], ${periods.map(({ startsAt }) => startsAt.toISOString())}::timestamptz[],
    ${periods.map(({ endsAt }) => endsAt.toISOString())}::timestamptz[], ${periods.map(({ zone }) => zone)}::text[],
    ${periods.map(({ tzdbVersion }) => tzdbVersion)}::text[]) as p`;

function insertPhases(tenant: string, subscription: string, ripe: readonly RipePeriod[]): Sql {
  const rows = ripe.flatMap(({ period, phases }) => phases.map((phase) => ({ ...phase, seq: period.seq })));
  return sql`
    insert into billing_phases (tenant_id, subscription_id, period_seq, phase, plan_id, starts_at, ends_at, days, days_of_period)
    select ${tenant}::uuid, ${subscription}::uuid, p.* from unnest(
      ${rows.map(({ seq }) => seq)}::int[], ${rows.map(({ index }) => index)}::smallint[], ${rows.map(({ plan }) => plan.id)}::uuid[],
      ${rows.map(({ startsAt }) => startsAt.toISOString())}::timestamptz[], ${rows.map(({ endsAt }) => endsAt.toISOString())}::timestamptz[],
      ${rows.map(({ days }) => days)}::smallint[], ${rows.map(({ daysOfPeriod }) => daysOfPeriod)}::smallint[]) as p`;
}

const markInvoiced = (tenant: string, subscription: string, seqs: readonly number[]): Sql => sql`
  update billing_periods set is_invoiced = true
   where tenant_id = ${tenant} and subscription_id = ${subscription} and seq = any(${seqs}::int[])`;
