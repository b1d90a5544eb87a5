/** Counts events that repeat a known id with different content. */

import { counter } from '#platform/telemetry';

export const usageConflicts = counter({
  name: 'billing_usage_conflicts_total',
  help: 'Events that came again under a known id with other content; the first content was kept',
});
