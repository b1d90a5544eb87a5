/** Finds a plan by its code, and checks that its currency fits the earlier bills of the tenant. */
import { type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { errors } from '../../errors.js';
import { planIdOf } from '../data/plan-versions.js';
import { plansOf, type PlanTerms } from '../data/plans.js';

export interface PlanChoice {
  readonly code: string;
  /** Undefined: the newest. */
  readonly version: number | undefined;
}

/**
 * A tenant is billed in one currency for ever, because its surplus and its carried amount are stored without a
 * currency. Throws `plan_not_found` or `plan_currency_differs`.
 */
export async function choosePlan(
  tx: CrossTenantTransaction,
  tenant: string,
  { code, version }: PlanChoice,
): Promise<PlanTerms> {
  const found = await tx.first(planIdOf(code, version));
  if (!found) throw errors.plan_not_found();
  const plan = (await plansOf(tx, [found.id])).get(found.id)!;
  const other = await tx.first<Row<'billing_plan_versions', 'currency'>>(sql`
    select v.currency from billing_plan_assignments g join billing_plan_versions v on v.id = g.plan_id
     where g.tenant_id = ${tenant} and v.currency <> ${plan.currency} limit 1`);
  if (other) throw errors.plan_currency_differs({ details: { plan: plan.currency, billed_in: other.currency } });
  return plan;
}
