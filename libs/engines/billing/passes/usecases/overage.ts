/**
 * `billing-overage`: begins periods, rates usage, issues and charges invoices. It reads only subscriptions with work to do,
 * so a pass without work costs one query. It catches up after any time without a run.
 */
import { Money } from '#kernel';
import type { EnginePass, PassContext, PassEvent, PassFact } from '#platform/inbox';
import { type BillingOutcome, billSubscription } from '../../invoicing/index.js';
import { beginRun, dueSubscriptions, finishRun } from '../data/runs.js';
import { chargeAll } from './charges.js';
import { eachTenant } from './each-tenant.js';

const PAGE = 500;
const BEGINNING = '00000000-0000-0000-0000-000000000000';

export const overagePass: EnginePass = {
  name: 'billing-overage',
  summary: 'begin periods, rate usage, issue invoices and charge them',
  async *run(context: PassContext): AsyncGenerator<PassEvent> {
    const { database, tenant, isDryRun } = context;
    const run = await beginRun(database, 'billing-overage', context.asOf, context);
    const counts = { tenants: 0, periods: 0, invoices: 0, charged: 0, busy: 0, parked: 0 };
    for (let after = BEGINNING; ;) {
      const page = await dueSubscriptions(database, run.asOf, after, PAGE, tenant);
      const items = page.map((row) => ({
        tenant: row.tenant_id,
        work: async (tx: Parameters<typeof billSubscription>[0]) => {
          const outcome = await billSubscription(tx, row.tenant_id, row.id, run.asOf);
          counts.periods += outcome.periods;
          counts.invoices += outcome.invoices.length;
          return factsOf(outcome, isDryRun);
        },
      }));
      for await (const event of eachTenant(context, 'billing-overage', items)) {
        if (event.kind === 'busy') counts.busy += 1;
        if (event.kind === 'parked') counts.parked += 1;
        yield event;
      }
      counts.tenants += page.length;
      if (page.length > 0) yield { kind: 'progress', done: counts.tenants, total: counts.tenants };
      if (page.length < PAGE) break;
      after = page.at(-1)!.tenant_id;
    }
    for await (const event of chargeAll(context, run.asOf)) {
      counts.charged += 1;
      yield event;
    }
    if (!isDryRun) await finishRun(database, run, counts);
    yield { kind: 'done', facts: { as_of: run.asOf.toISOString(), dry_run: isDryRun, ...counts } };
  },
};

function factsOf({ slug, periods, invoices }: BillingOutcome, isDryRun: boolean): PassFact | undefined {
  if (periods === 0 && invoices.length === 0) return undefined;
  const total = invoices.reduce((sum, invoice) => sum + invoice.total, 0n);
  return {
    store: slug,
    periods,
    invoices: invoices.length,
    total: invoices.length === 0 ? null : new Money(total, invoices[0]!.currency).toText(),
    needs_approval: invoices.filter(({ doubt }) => doubt !== null).length,
    dry_run: isDryRun,
  };
}
