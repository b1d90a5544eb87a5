import { subscription } from '#contracts/stock/subscription';
import type { EventConsumer } from '#platform/inbox';
import { claimStale } from './data/claims.js';
import { applyEvents } from './usecases/apply-events.js';
import { reviewProducts } from './usecases/review-products.js';
import { runPass } from './usecases/run-pass.js';

/**
 * `stock_engine_parameters` is not listed: the store's choices are no effect of events and survive a rebuild. Neither are
 * insights, which carry the store's answers; reviewing a rebuilt product leaves them as they are, because the same facts
 * give the same insights under the same ids.
 */
export const stockEngine: EventConsumer = {
  name: 'stock',
  aggregates: subscription,
  tables: [
    'stock_engine_plans',
    'stock_engine_receipts',
    'stock_engine_sales',
    'stock_engine_products',
    'stock_engine_tenants',
  ],
  apply: applyEvents,
  async refresh(tx, limit) {
    const claims = await claimStale(tx, limit);
    await reviewProducts(tx, claims, null);
    return claims.length;
  },
  run: runPass,
};
