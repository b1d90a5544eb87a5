/**
 * Plans one tenant's pass from facts and an instant: which periods have begun, which bills are due, which invoices may need
 * a correction, and when the pass must look again.
 */
import {
  nextPeriod,
  type Period,
  periodsUntil,
  type Phase,
  phasesOf,
  type Plan,
  type PlanAssignment,
  type Subscription,
  type Suspension,
} from '../../plans/domain/index.js';
import { type ApprovalReason, approvalReasonFor } from './approval-reasons.js';
import { draftInvoice, type Earlier, type InvoiceDraft, type InvoiceLine, type Usage } from './invoice-lines.js';

const HOUR_MS = 3_600_000;

export interface BillingPlan extends Plan {
  readonly reviewHours: number;
  readonly minimumChargeMinor: bigint;
}

export interface KnownPeriod extends Period {
  readonly isInvoiced: boolean;
}

export interface BillingFacts<P extends BillingPlan = BillingPlan> {
  readonly subscription: Subscription & { readonly id: string };
  readonly cancelAt: Date | null;
  readonly hasEnded: boolean;
  /** All work before this instant is done; late facts (usage) set it back. */
  readonly dueAt: Date;
  readonly periods: readonly KnownPeriod[];
  readonly assignments: readonly (PlanAssignment & { readonly plan: P })[];
}

/** Periods that have begun and are not stored; none begins once the subscription is cancelled. */
export function missingPeriods({ subscription, cancelAt, hasEnded, periods }: BillingFacts, asOf: Date): Period[] {
  if (hasEnded) return [];
  const lastStart = cancelAt === null || cancelAt > asOf ? asOf : new Date(cancelAt.getTime() - 1);
  return periodsUntil(subscription, periods.at(-1), lastStart);
}

export interface RipePeriod {
  readonly period: KnownPeriod;
  readonly phases: readonly Phase[];
}

/** Periods that are not invoiced, have ended, and whose review window is over. */
export function ripePeriods(facts: BillingFacts, periods: readonly KnownPeriod[], asOf: Date): RipePeriod[] {
  return periods
    .filter(({ isInvoiced, endsAt }) => !isInvoiced && endsAt <= asOf)
    .map((period) => ({ period, phases: phasesOf(period, facts.assignments) }))
    .filter(({ period, phases }) => ripeAt(period, phases) <= asOf);
}

/**
 * Invoiced periods that new facts may concern. The newest period is always one of them: the consumer and the pass may both
 * have missed usage that was recorded while the invoice was made.
 */
export function correctablePeriods({ dueAt }: BillingFacts, periods: readonly KnownPeriod[]): KnownPeriod[] {
  const invoiced = periods.filter(({ isInvoiced }) => isInvoiced);
  return invoiced.filter((period) => period.endsAt > dueAt || period === invoiced.at(-1));
}

export interface PeriodFacts {
  readonly period: Period;
  readonly phases: readonly Phase[];
  readonly usage: readonly Usage[];
  readonly earlier: Earlier | null;
}

export interface AccountFacts {
  readonly subscription: string;
  readonly suspensions: readonly Suspension[];
  readonly carried: bigint;
  readonly surplus: bigint;
  readonly earlierTotals: readonly bigint[];
}

export interface MadeInvoice extends InvoiceDraft {
  readonly period: Period;
  /** Taken from the tenant's overpayments; already a part of `total`. */
  readonly surplusUsed: bigint;
  readonly doubt: ApprovalReason | null;
}

export interface MadeInvoices {
  readonly invoices: readonly MadeInvoice[];
  readonly carried: bigint;
  readonly surplus: bigint;
}

/** Invoices in the order of periods; the next one takes up the carried amount, an invoice that waits changes none. */
export function makeInvoices(periods: readonly PeriodFacts[], account: AccountFacts, asOf: Date): MadeInvoices {
  const invoices: MadeInvoice[] = [];
  let { carried, surplus } = account;
  const totals = [...account.earlierTotals];
  for (const { period, phases, usage, earlier } of [...periods].sort((a, b) => a.period.seq - b.period.seq)) {
    const plan = phases.at(-1)?.plan as BillingPlan | undefined;
    if (!plan) continue;
    const facts = {
      subscription: account.subscription,
      period,
      phases,
      usage,
      earlier,
      suspensions: account.suspensions,
    };
    const minimumCharge = plan.minimumChargeMinor;
    const draft = draftInvoice({ ...facts, carried, minimumCharge });
    if (draft.lines.length === 0) continue;
    const worth = worthOf(draft.lines);
    const about = { revision: draft.revision, periodEndedAt: period.endsAt, madeBefore: invoices.length };
    const doubt = approvalReasonFor({ ...about, total: worth, baseMinor: plan.baseMinor, earlierTotals: totals }, asOf);
    if (doubt !== null) {
      // A person may reject this invoice: it must then contain no carried and no overpaid amount.
      const alone = draftInvoice({ ...facts, carried: 0n, minimumCharge: 0n });
      invoices.push({ ...alone, period, surplusUsed: 0n, doubt });
      continue;
    }
    const surplusUsed = surplusFor(draft.total, surplus, minimumCharge);
    carried = draft.carriedOn;
    surplus -= surplusUsed;
    if (draft.revision === 0) totals.push(worth);
    invoices.push({ ...draft, total: draft.total - surplusUsed, period, surplusUsed, doubt: null });
  }
  return { invoices, carried, surplus };
}

/** The worth of the period itself, without amounts carried into or out of its invoice. */
export function worthOf(lines: readonly Pick<InvoiceLine, 'kind' | 'amount'>[]): bigint {
  return lines.reduce((sum, { kind, amount }) => (kind === 'carry' ? sum : sum + amount), 0n);
}

/** The next instant with work to do; null once the subscription has ended and all of it is invoiced. */
export function nextDueAt(facts: BillingFacts, periods: readonly KnownPeriod[]): Date | null {
  const waiting = periods
    .filter(({ isInvoiced }) => !isInvoiced)
    .map((period) => ripeAt(period, phasesOf(period, facts.assignments)));
  const last = periods.at(-1);
  const isOver = facts.hasEnded || isLastPeriod(facts, last);
  if (!isOver) waiting.push(last?.endsAt ?? nextPeriod(facts.subscription, undefined).startsAt);
  return waiting.reduce<Date | null>((first, at) => (first === null || at < first ? at : first), null);
}

/** Whether no period will follow `last`. */
export function isLastPeriod({ cancelAt }: Pick<BillingFacts, 'cancelAt'>, last: Period | undefined): boolean {
  return cancelAt !== null && last !== undefined && last.endsAt >= cancelAt;
}

function ripeAt(period: Period, phases: readonly Phase[]): Date {
  const plan = phases.at(-1)?.plan as BillingPlan | undefined;
  return new Date(period.endsAt.getTime() + (plan?.reviewHours ?? 0) * HOUR_MS);
}

/** Never leaves a remainder that is too small for the provider to charge. */
function surplusFor(total: bigint, surplus: bigint, minimumCharge: bigint): bigint {
  if (total <= 0n || surplus <= 0n) return 0n;
  if (surplus >= total) return total;
  const left = total - surplus;
  return left >= minimumCharge ? surplus : total > minimumCharge ? total - minimumCharge : 0n;
}
