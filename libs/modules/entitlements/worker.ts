import { subscription } from '#contracts/entitlements/subscription';
import type { EventConsumer } from '#platform/inbox';
import { measureAccess } from './data/metrics.js';
import { applyEvents } from './usecases/worker/apply-events.js';

export { USAGE_PASSES } from './usecases/worker/measure-storage.js';

/**
 * `entitlement_usage`, `entitlement_untold` and `entitlement_caps` are not listed: what requests have reserved and what the
 * store has chosen are no effects of events. A rebuild leaves them alone, and counts on where they stand; so do the versions of
 * what is told of caps.
 */
export const entitlementsProjection: EventConsumer = {
  name: 'entitlements',
  aggregates: subscription,
  tables: ['entitlements', 'tenant_access'],
  apply: applyEvents,
  measure: measureAccess,
  // Nothing is computed from these rows, neither after a batch nor as of a day.
  refresh: () => Promise.resolve(0),
  run: () => Promise.resolve({ subjects: 0, opened: 0, changed: 0, closed: 0 }),
};
