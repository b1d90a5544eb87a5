import { subscription } from '#contracts/entitlements/subscription';
import type { EventConsumer } from '#platform/inbox';
import { measureAccess } from './data/metrics.js';
import { applyEvents } from './usecases/worker/apply-events.js';

export { USAGE_PASSES } from './usecases/worker/measure-storage.js';

/**
 * `entitlement_usage`, `entitlement_untold` and `entitlement_caps` are not listed in `tables`, because they are not effects of
 * events: requests reserve units, and the store chooses its caps. A replay does not change them, and the counters continue
 * where they were. The versions of announced caps continue as well.
 */
export const entitlementsProjection: EventConsumer = {
  name: 'entitlements',
  aggregates: subscription,
  tables: ['entitlements', 'tenant_access'],
  apply: applyEvents,
  measure: measureAccess,
  // Nothing is computed from these rows, neither after a batch nor for a day.
  refresh: () => Promise.resolve(0),
  run: () => Promise.resolve({ subjects: 0, opened: 0, changed: 0, closed: 0 }),
};
