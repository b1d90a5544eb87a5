import { METER_TERMS } from '#contracts/billing/operations';
import { newId } from '#kernel';
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { amountOfText, priceMicroOf } from '../../accounts/index.js';
import { plansOf, type PlanTerms } from '../data/plans.js';
import { limitsOf, type Meter } from '../domain/rating.js';

export interface NewPlan {
  readonly code: string;
  readonly currency: string;
  readonly basePrice: string;
  readonly intervalMonths: 1 | 12;
  readonly trialDays: number;
  readonly reviewHours: number;
  readonly dueDays: number;
  readonly tolerance: string;
  readonly minimumCharge: string;
  /** Each is a meter, its allowance and its unit price: `orders=1000@0.10`. */
  readonly meters: readonly string[];
  readonly softBp: number;
  readonly hardBp: number;
}

/** Creates the next version of the plan with this code. Throws `invalid_amount` or `invalid_meter`. */
export async function createPlan(tx: CrossTenantTransaction, actor: string, plan: NewPlan): Promise<PlanTerms> {
  const { code, currency } = plan;
  const meters = plan.meters.map((text) => meterOf(text, plan));
  const id = newId();
  await tx.batch([
    // Two people who create the same plan at the same time get two versions, one after the other.
    sql`select pg_advisory_xact_lock(hashtextextended(${`billing-plan/${code}`}, 0))`,
    sql`
    insert into billing_plan_versions (id, code, version, currency, base_minor, interval_months, trial_days, review_hours, due_days,
                                       tolerance_minor, minimum_charge_minor, created_at, created_by)
    select ${id}::uuid, ${code}::text, coalesce(max(version), 0) + 1, ${currency}::text, ${amountOfText(plan.basePrice, currency)}::bigint,
           ${plan.intervalMonths}::smallint, ${plan.trialDays}::smallint, ${plan.reviewHours}::smallint, ${plan.dueDays}::smallint,
           ${amountOfText(plan.tolerance, currency)}::bigint, ${amountOfText(plan.minimumCharge, currency)}::bigint, app.now(), ${actor}::text
      from billing_plan_versions where code = ${code}::text`,
    sql`
    insert into billing_plan_meters (plan_id, meter, included, soft_bp, hard_bp, price_micro, billable_from)
    select ${id}::uuid, m.* from unnest(
      ${meters.map(({ meter }) => meter)}::text[], ${meters.map(({ terms }) => terms.included)}::bigint[],
      ${meters.map(({ terms }) => terms.softBp)}::int[], ${meters.map(({ terms }) => terms.hardBp)}::int[],
      ${meters.map(({ terms }) => terms.priceMicro)}::bigint[], ${meters.map(({ terms }) => terms.billableFrom)}::text[]) as m`,
  ]);
  return (await plansOf(tx, [id])).get(id)!;
}

/** The contract has checked the syntax of `text`. */
function meterOf(text: string, { softBp, hardBp, currency }: NewPlan): { meter: string; terms: Meter } {
  const [, meter, included, price, from] = METER_TERMS.exec(text)!;
  const terms: Meter = {
    included: BigInt(included!),
    softBp,
    hardBp,
    priceMicro: priceMicroOf(price!, currency),
    billableFrom: from === undefined ? 'soft' : 'included',
  };
  limitsOf(terms);
  return { meter: meter!, terms };
}
