/** The reasons for approval of an invoice by a person: such figures come more often from our mistake than from a good month. */
const DAY_MS = 86_400_000;

/** A person decides about usage that comes later than this. */
export const LATE_DAYS = 35;
/** Thirteen months: a tenant with a yearly plan no longer has an older period open in its books. */
const OLDEST_DAYS = 396;
/** No ordinary growth reaches this multiple of the usual bill from one period to the next. */
const USUAL_TIMES = 3n;
/** The number of earlier bills that are needed to compute a usual bill. */
const USUAL_FROM = 3;
/** A pass that makes more invoices than this for one tenant has a defect; catching up does not need so many. */
export const MOST_INVOICES = 15;

export const APPROVAL_REASONS = [
  'negative_total',
  'late_usage',
  'period_too_old',
  'far_above_usual',
  'too_many_invoices',
] as const;
export type ApprovalReason = (typeof APPROVAL_REASONS)[number];

export interface ApprovalFacts {
  readonly total: bigint;
  readonly baseMinor: bigint;
  readonly revision: number;
  readonly periodEndedAt: Date;
  /** Totals of the first invoices of earlier periods, in any order. */
  readonly earlierTotals: readonly bigint[];
  /** The number of invoices that this pass has made for the tenant before this one. */
  readonly madeBefore: number;
}

export function approvalReasonFor(facts: ApprovalFacts, asOf: Date): ApprovalReason | null {
  const { total, revision, periodEndedAt, madeBefore } = facts;
  const ageDays = (asOf.getTime() - periodEndedAt.getTime()) / DAY_MS;
  if (total < 0n) return 'negative_total';
  if (revision > 0 && ageDays > LATE_DAYS) return 'late_usage';
  if (ageDays > OLDEST_DAYS) return 'period_too_old';
  if (isFarAboveUsual(facts)) return 'far_above_usual';
  if (madeBefore >= MOST_INVOICES) return 'too_many_invoices';
  return null;
}

/** Above three times the usual bill, and above three base fees: small bills vary a lot and do little harm. */
function isFarAboveUsual({ total, baseMinor, earlierTotals }: ApprovalFacts): boolean {
  if (earlierTotals.length < USUAL_FROM) return false;
  return total > USUAL_TIMES * medianOf(earlierTotals) && total > USUAL_TIMES * baseMinor;
}

/** The lower one of the two in the middle, so that it is an amount that was billed. */
function medianOf(totals: readonly bigint[]): bigint {
  const sorted = [...totals].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}
