import { subscription } from '#contracts/sales/subscription';
import type { EventConsumer } from '#platform/inbox';
import { claimStale } from './data/reviews.js';
import { applyEvents } from './usecases/apply-events.js';
import { reviewSubjects } from './usecases/review-subjects.js';
import { runPass } from './usecases/run-pass.js';

/** Insights are not listed: they carry the store's answers and come out the same from rebuilt facts. */
export const salesEngine: EventConsumer = {
  name: 'sales',
  aggregates: subscription,
  tables: [
    'sales_engine_pairs',
    'sales_engine_items',
    'sales_engine_baskets',
    'sales_engine_quotes',
    'sales_engine_customers',
    'sales_engine_products',
  ],
  apply: applyEvents,
  async refresh(tx, limit) {
    const claimed = await claimStale(tx, limit);
    const subjects = claimed.product.length + claimed.customer.length + claimed.quote.length;
    if (subjects > 0) await reviewSubjects(tx, claimed, await tx.now());
    return subjects;
  },
  run: runPass,
};
