/**
 * `billing-grace`: access states. A debt moves a tenant down by one access state per pass at most, a settled debt moves it
 * up. The notices of a step are recorded in its transaction and mailed afterwards.
 */
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { EnginePass, PassContext, PassEvent, PassFact } from '#platform/inbox';
import { type AccessDecision, decide } from '../../access/index.js';
import { beginRun, finishRun, tenantsToDecide } from '../data/runs.js';
import { chargeAll } from './charges.js';
import { eachTenant } from './each-tenant.js';
import { isMailSetUp, mailNotices } from './mails.js';

export const gracePass: EnginePass = {
  name: 'billing-grace',
  summary: 'warn tenants that owe, suspend those whose grace is over, restore those that paid',
  async *run(context: PassContext): AsyncGenerator<PassEvent> {
    const { database, tenant: only, isDryRun } = context;
    const run = await beginRun(database, 'billing-grace', context.asOf, context);
    const counts = { tenants: 0, moved: 0, notices: 0, charged: 0, mailed: 0, busy: 0, parked: 0 };
    const tenants = await tenantsToDecide(database, run.asOf, only);
    const items = tenants.map((tenant) => ({
      tenant,
      work: async (tx: CrossTenantTransaction) => {
        const decision = await decide(tx, tenant, run.asOf);
        counts.moved += decision?.transitions.length ?? 0;
        counts.notices += decision?.notices.length ?? 0;
        return decision && factsOf(decision, isDryRun);
      },
    }));
    for await (const event of eachTenant(context, 'billing-grace', items)) {
      if (event.kind === 'busy') counts.busy += 1;
      if (event.kind === 'parked') counts.parked += 1;
      yield event;
    }
    counts.tenants = tenants.length;
    yield { kind: 'progress', done: tenants.length, total: tenants.length };
    for await (const event of chargeAll(context, run.asOf)) {
      counts.charged += 1;
      yield event;
    }
    for await (const event of mailNotices(context)) {
      if (event.kind === 'tenant' && event.facts['mail'] === 'handed_over') counts.mailed += 1;
      yield event;
    }
    if (!isDryRun) await finishRun(database, run, counts);
    yield {
      kind: 'done',
      facts: { as_of: run.asOf.toISOString(), dry_run: isDryRun, ...counts, mail: isMailSetUp(context) },
    };
  },
};

function factsOf(
  { slug, state, transitions, notices }: AccessDecision & { readonly slug: string },
  isDryRun: boolean,
): PassFact {
  return {
    store: slug,
    access: state,
    because: transitions.map(({ cause }) => cause).join(', ') || null,
    notices: notices.join(', ') || null,
    dry_run: isDryRun,
  };
}
