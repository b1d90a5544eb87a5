/** The plans offered to stores. A version never changes; a new price is a new version. */
import { Controller } from '#platform/nest';
import { createPlan, listPlans, showPlan } from '#contracts/billing/operations';
import { recordAct } from '#platform/audit';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { errors } from '../../errors.js';
import { newestPlans, versionsOfPlan } from '../data/plan-versions.js';
import { plansOf } from '../data/plans.js';
import { createPlan as create } from '../usecases/create-plan.js';
import { planView } from '../view.js';

const BP_PER_PERCENT = 100;

@Controller()
export class PlansController {
  @Handle(createPlan)
  async create(call: CallOf<typeof createPlan>) {
    const { actor } = call.principal;
    const { body, tx } = call;
    const plan = await create(tx, actor, {
      code: body.code,
      currency: body.currency,
      basePrice: body.base_price,
      intervalMonths: body.interval === 'month' ? 1 : 12,
      trialDays: body.trial_days,
      reviewHours: body.review_hours,
      dueDays: body.due_days,
      tolerance: body.tolerance,
      minimumCharge: body.minimum_charge,
      meters: body.meters,
      softBp: body.soft_percent * BP_PER_PERCENT,
      hardBp: body.hard_percent * BP_PER_PERCENT,
    });
    const subject = `plan/${plan.code}@${plan.version}`;
    await recordAct(tx, { actor, action: 'plan.create', tenant: null, subject, reason: body.reason });
    return planView(plan, await tx.now());
  }

  @Handle(listPlans)
  async list(call: CallOf<typeof listPlans>) {
    const { cursor, limit } = call.query;
    const rows = await call.tx.query(newestPlans(before(cursor), limit));
    const plans = await plansOf(
      call.tx,
      rows.map(({ id }) => id),
    );
    return pageOf(
      rows,
      limit,
      ({ id }) => id,
      (row) => {
        const { meters: _, ...plan } = planView(plans.get(row.id)!, row.created_at);
        return { ...plan, tenants: Number(row.tenants) };
      },
    );
  }

  @Handle(showPlan)
  async show(call: CallOf<typeof showPlan>) {
    const { code } = call.params;
    const rows = await call.tx.query(versionsOfPlan(code));
    if (rows.length === 0) throw errors.plan_not_found();
    const plans = await plansOf(
      call.tx,
      rows.map(({ id }) => id),
    );
    const versions = rows.map((row) => ({
      ...planView(plans.get(row.id)!, row.created_at),
      tenants: row.tenants ?? [],
    }));
    return { code, versions };
  }
}
