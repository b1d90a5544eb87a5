/** The subscriptions of stores. Each answer is the whole subscription after the operation. */
import { Controller } from '#platform/nest';
import {
  cancelSubscription,
  changeSubscriptionPlan,
  resumeSubscription,
  showSubscription,
  showUsage,
  startSubscription,
} from '#contracts/billing/operations';
import { type CallOf, Handle } from '#platform/http';
import { accessView, accessOverview } from '../../access/index.js';
import {
  type Act,
  audited,
  CLOCK,
  type AuditedAction,
  instantText,
  moneyText,
  tenantNamed,
} from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { periodView } from '../../plans/index.js';
import { cancelSubscription as cancel, resumeSubscription as resume } from '../usecases/cancel-subscription.js';
import { changePlan } from '../usecases/change-plan.js';
import { startSubscription as start } from '../usecases/start-subscription.js';
import { subscriptionOverview } from '../usecases/subscription-overview.js';
import { nextInvoiceView, subscribedPlanView, usageView } from '../view.js';

type Tx = CallOf<typeof showSubscription>['tx'];

@Controller()
export class SubscriptionsController {
  @Handle(showSubscription)
  async show(call: CallOf<typeof showSubscription>) {
    return shown(call.tx, (await tenantNamed(call.tx, call.params.tenant)).tenant);
  }

  @Handle(showUsage)
  async usage(call: CallOf<typeof showUsage>) {
    const { tenant, slug } = await tenantNamed(call.tx, call.params.tenant);
    const now = await call.tx.now();
    const overview = await subscriptionOverview(call.tx, tenant, now);
    if (!overview) throw errors.subscription_not_found();
    const period = overview.current && periodView(overview.current);
    return { tenant_id: tenant, tenant: slug, period, usage: usageView(overview, now) };
  }

  @Handle(startSubscription)
  start(call: CallOf<typeof startSubscription>) {
    const { plan: code, version, anchor: anchorOn } = call.body;
    const details = { plan: code, version: version ?? null, anchor: anchorOn ?? null };
    return acted(call, 'subscription.start', details, (tenant, actor) =>
      start(call.tx, actor, { tenant, plan: { code, version }, anchorOn }),
    );
  }

  @Handle(changeSubscriptionPlan)
  change(call: CallOf<typeof changeSubscriptionPlan>) {
    const { plan: code, version, at } = call.body;
    return acted(call, 'subscription.change_plan', { plan: code, version: version ?? null, at }, (tenant, actor) =>
      changePlan(call.tx, actor, { tenant, plan: { code, version }, at }),
    );
  }

  @Handle(cancelSubscription)
  cancel(call: CallOf<typeof cancelSubscription>) {
    return acted(call, 'subscription.cancel', {}, (tenant, actor) => cancel(call.tx, actor, tenant));
  }

  @Handle(resumeSubscription)
  resume(call: CallOf<typeof resumeSubscription>) {
    return acted(call, 'subscription.resume', {}, (tenant, actor) => resume(call.tx, actor, tenant));
  }
}

async function acted(call: Act, ...action: AuditedAction) {
  return shown(call.tx, (await audited(call, ...action)).tenant);
}

async function shown(tx: Tx, tenant: string) {
  // Not the transaction's beginning: a change agreed in it is in force from a moment after that.
  const { now } = (await tx.first(CLOCK))!;
  const overview = await subscriptionOverview(tx, tenant, now);
  if (!overview) throw errors.subscription_not_found();
  const accessRow = (await tx.first(accessOverview(tenant)))!;
  const { account, subscription } = overview.facts;
  const { currency } = overview.plan;
  return {
    tenant_id: tenant,
    tenant: account.slug,
    subscription_id: subscription.id,
    currency,
    plan: subscribedPlanView(overview),
    anchor_on: subscription.anchor_on,
    started_at: subscription.started_at.toISOString(),
    cancel_at: instantText(subscription.cancel_at),
    ended_at: instantText(subscription.ended_at),
    current_period: overview.current && periodView(overview.current),
    periods: overview.periods.map((period) => ({ ...periodView(period), is_invoiced: period.isInvoiced })),
    next_invoice: nextInvoiceView(overview),
    access: accessView(accessRow),
    surplus: moneyText(account.surplus_minor, currency),
    carried: moneyText(account.carried_minor, currency),
  };
}
