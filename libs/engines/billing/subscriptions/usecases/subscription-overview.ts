/** The overview of a subscription: its plan, the running period and its usage, and the cost if the period ended now. */
import { localDay, type Reading } from '../../accounts/index.js';
import {
  accountFacts,
  type BillingFacts,
  billingFacts,
  isLastPeriod,
  type KnownPeriod,
  type MadeInvoice,
  makeInvoices,
  missingPeriods,
  rate,
  type SubscriptionFacts,
  subscriptionFacts,
} from '../../invoicing/index.js';
import { phasesOf, type PlanTerms } from '../../plans/index.js';
import { type CapInForce, capsOf, usageBetween } from '../../usage/index.js';
import { subscriptionOf } from '../data/latest-subscription.js';

const HOUR_MS = 3_600_000;

export interface SubscriptionOverview {
  readonly facts: SubscriptionFacts;
  readonly billing: BillingFacts<PlanTerms>;
  /** In a trial: the plan that follows it. */
  readonly plan: PlanTerms;
  readonly follows: { readonly plan: PlanTerms; readonly from: Date } | null;
  /** Stored periods, and those that have begun since the last pass stored any. */
  readonly periods: readonly KnownPeriod[];
  readonly current: KnownPeriod | null;
  /** The end of a cancelled subscription, in the future or the past. */
  readonly endsAt: Date | null;
  readonly used: ReadonlyMap<string, bigint>;
  /** The store's own caps, by meter. */
  readonly caps: ReadonlyMap<string, CapInForce>;
  readonly preview: { readonly invoice: MadeInvoice; readonly expectedOn: string } | null;
}

/** Writes nothing. Undefined for a tenant that never had a subscription. Throws `account_not_found`. */
export async function subscriptionOverview(
  tx: Reading,
  tenant: string,
  now: Date,
): Promise<SubscriptionOverview | undefined> {
  const known = await tx.first(subscriptionOf(tenant));
  if (!known) return undefined;
  const facts = await subscriptionFacts(tx, tenant, known.id);
  const billing = billingFacts(facts);
  const periods = [
    ...facts.periods,
    ...missingPeriods(billing, now).map((period) => ({ ...period, isInvoiced: false })),
  ];
  const current = periods.find(({ startsAt, endsAt }) => startsAt <= now && now < endsAt) ?? null;
  const last = periods.at(-1);
  const inForce = facts.assignments.findLast(({ from }) => from <= now) ?? facts.assignments[0]!;
  const next = facts.assignments.find(({ from }) => from > now && from > inForce.from);
  const [used, preview] = current
    ? [await usedIn(tx, tenant, current), await previewOf(tx, facts, billing, periods, current, now)]
    : [new Map<string, bigint>(), null];
  return {
    facts,
    billing,
    plan: inForce.plan,
    follows: next ? { plan: next.plan, from: next.from } : null,
    periods,
    current,
    endsAt: facts.subscription.ended_at ?? (isLastPeriod(billing, last) ? last!.endsAt : null),
    used,
    caps: await capsOf(tx, tenant),
    preview,
  };
}

/** Earlier periods that wait for their invoice come first: they take up the carried and overpaid amounts. */
async function previewOf(
  tx: Reading,
  facts: SubscriptionFacts,
  billing: BillingFacts<PlanTerms>,
  periods: readonly KnownPeriod[],
  current: KnownPeriod,
  now: Date,
) {
  const open = periods
    .filter(({ isInvoiced }) => !isInvoiced)
    .map((period) => ({ period, phases: phasesOf(period, billing.assignments) }));
  const rated = await rate(tx, facts, open, []);
  const { invoices } = makeInvoices(rated, accountFacts(facts), now);
  const invoice = invoices.find(({ period }) => period.seq === current.seq);
  if (!invoice) return null;
  const { reviewHours } = facts.assignments.findLast(({ from }) => from < current.endsAt)!.plan;
  const ripeAt = new Date(current.endsAt.getTime() + reviewHours * HOUR_MS);
  return { invoice, expectedOn: localDay(ripeAt, current.zone).toString() };
}

async function usedIn(tx: Reading, tenant: string, period: KnownPeriod): Promise<ReadonlyMap<string, bigint>> {
  const totals = await usageBetween(tx, tenant, period.startsAt, period.endsAt);
  return new Map(totals.map(({ meter, quantity }) => [meter, quantity]));
}
