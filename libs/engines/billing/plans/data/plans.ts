/** Plan versions never change, so each is read once per process. */
import { type Queryable, type Row, sql } from '#platform/database';
import { errors } from '../../errors.js';
import type { Meter, Plan } from '../domain/rating.js';

/** A plan version with its prices and the other terms that the passes use. */
export interface PlanTerms extends Plan {
  readonly code: string;
  readonly version: number;
  readonly intervalMonths: 1 | 12;
  readonly trialDays: number;
  readonly reviewHours: number;
  readonly dueDays: number;
  readonly toleranceMinor: bigint;
  readonly minimumChargeMinor: bigint;
}

type PlanRow = Row<
  'billing_plan_versions',
  | 'id'
  | 'code'
  | 'version'
  | 'currency'
  | 'base_minor'
  | 'trial_days'
  | 'review_hours'
  | 'due_days'
  | 'tolerance_minor'
  | 'minimum_charge_minor',
  { interval_months: 1 | 12 }
> & {
  meters: {
    meter: string;
    included: string;
    soft_bp: number;
    hard_bp: number;
    price_micro: string;
    billable_from: Meter['billableFrom'];
  }[];
};

const known = new Map<string, PlanTerms>();

/** Throws `plan_not_found`. */
export async function plansOf(tx: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, PlanTerms>> {
  const missing = [...new Set(ids)].filter((id) => !known.has(id));
  if (missing.length > 0) {
    const rows = await tx.query<PlanRow>(sql`
      select p.*, coalesce((select json_agg(json_build_object('meter', m.meter, 'included', m.included::text, 'soft_bp', m.soft_bp,
                                                              'hard_bp', m.hard_bp, 'price_micro', m.price_micro::text,
                                                              'billable_from', m.billable_from) order by m.meter)
                              from billing_plan_meters m where m.plan_id = p.id), '[]') as meters
        from billing_plan_versions p where p.id = any(${missing}::uuid[])`);
    for (const row of rows) known.set(row.id, termsOf(row));
  }
  return new Map(ids.map((id) => [id, known.get(id) ?? unknownPlan(id)]));
}

function termsOf(row: PlanRow): PlanTerms {
  return {
    id: row.id,
    code: row.code,
    version: row.version,
    currency: row.currency,
    baseMinor: row.base_minor,
    intervalMonths: row.interval_months,
    trialDays: row.trial_days,
    reviewHours: row.review_hours,
    dueDays: row.due_days,
    toleranceMinor: row.tolerance_minor,
    minimumChargeMinor: row.minimum_charge_minor,
    meters: new Map(
      row.meters.map((meter) => [
        meter.meter,
        {
          included: BigInt(meter.included),
          softBp: meter.soft_bp,
          hardBp: meter.hard_bp,
          priceMicro: BigInt(meter.price_micro),
          billableFrom: meter.billable_from,
        },
      ]),
    ),
  };
}

function unknownPlan(id: string): never {
  throw errors.plan_not_found({ details: { plan: id } });
}
