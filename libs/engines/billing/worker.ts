import { subscription } from '#contracts/billing/subscription';
import type { EventConsumer } from '#platform/inbox';
import { measureBilling } from './passes/index.js';
import { applyEvents, measureQuotas, recountTenant, refreshCounters } from './usage/index.js';

export { BILLING_PASSES } from './passes/index.js';

/**
 * No table is listed, so a rebuild takes nothing away. Usage is the evidence of invoices and outlives the outbox, which
 * forgets its days; accounts carry balances and decisions that no event tells. A replay applies the history again: each row
 * that stands stays, `received_at` included, a missing one is filled in, and ends up the same as if it had never been lost.
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
