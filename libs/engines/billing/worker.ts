import { subscription } from '#contracts/billing/subscription';
import type { EventConsumer } from '#platform/inbox';
import { measureBilling } from './passes/index.js';
import { applyEvents, measureQuotas, recountTenant, refreshCounters } from './usage/index.js';

export { BILLING_PASSES } from './passes/index.js';

/**
 * No table is listed, so a rebuild deletes nothing. Usage is the evidence of invoices and is kept longer than the outbox
 * keeps its days; accounts hold balances and decisions that no event carries. A replay applies the history again: each
 * existing row stays, `received_at` included; a missing row is filled in, with the same result as if it had stayed.
 */
export const billingEngine: EventConsumer = {
  name: 'billing',
  aggregates: subscription,
  tables: [],
  apply: applyEvents,
  refresh: refreshCounters,
  measure: async (database) => {
    await measureBilling(database);
    await measureQuotas(database);
  },
  run: recountTenant,
};
