import { counter, gauge, histogram } from '#platform/telemetry';

export const appliedEvents = counter({
  name: 'inbox_applied_events_total',
  help: 'Events whose effects were committed together with their inbox row',
  labelNames: ['engine'],
});

export const ignoredEvents = counter({
  name: 'inbox_ignored_events_total',
  help: 'Events that had been applied before and came again',
  labelNames: ['engine'],
});

export const deferredTotal = counter({
  name: 'inbox_deferred_events_total',
  help: 'Events put aside until their predecessor is applied',
  labelNames: ['engine'],
});

export const failedAttempts = counter({
  name: 'inbox_failed_attempts_total',
  help: 'Attempts at a single event that an engine refused',
  labelNames: ['engine'],
});

export const vanishedEntries = counter({
  name: 'inbox_vanished_entries_total',
  help: 'Pending entries whose body was gone; the relay publishes their events again',
  labelNames: ['engine'],
});

export const batchSeconds = histogram({
  name: 'inbox_batch_duration_seconds',
  help: 'Time from a batch’s first statement to its commit',
  labelNames: ['engine'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

export const refreshSeconds = histogram({
  name: 'engine_refresh_duration_seconds',
  help: 'Time of one refresh of an engine’s insights',
  labelNames: ['engine'],
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
});

export const deadLetters = gauge({
  name: 'dead_letters',
  help: 'Events that an engine refused at every attempt and that wait for an operator',
  labelNames: ['engine'],
});

export const retryingEvents = gauge({
  name: 'retrying_events',
  help: 'Events that an engine refused and that will be tried again',
  labelNames: ['engine'],
});

export const deferredEvents = gauge({
  name: 'deferred_events',
  help: 'Events that wait for their predecessor now',
  labelNames: ['engine'],
});

export const heldPartitions = gauge({
  name: 'inbox_held_partitions',
  help: 'Partitions this worker holds a lease on',
  labelNames: ['engine'],
});
