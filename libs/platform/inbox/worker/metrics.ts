import { Counter, Gauge, Histogram } from 'prom-client';

export const appliedEvents = new Counter({
  name: 'inbox_applied_events_total',
  help: 'Events whose effects were committed together with their inbox row',
  labelNames: ['engine'],
});

export const ignoredEvents = new Counter({
  name: 'inbox_ignored_events_total',
  help: 'Events that had been applied before and came again',
  labelNames: ['engine'],
});

export const deferredTotal = new Counter({
  name: 'inbox_deferred_events_total',
  help: 'Events put aside until their predecessor is applied',
  labelNames: ['engine'],
});

export const failedAttempts = new Counter({
  name: 'inbox_failed_attempts_total',
  help: 'Attempts at a single event that an engine refused',
  labelNames: ['engine'],
});

export const vanishedEntries = new Counter({
  name: 'inbox_vanished_entries_total',
  help: 'Pending entries whose body was gone; the relay publishes their events again',
  labelNames: ['engine'],
});

export const batchSeconds = new Histogram({
  name: 'inbox_batch_duration_seconds',
  help: 'Time from a batch’s first statement to its commit',
  labelNames: ['engine'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

export const refreshSeconds = new Histogram({
  name: 'engine_refresh_duration_seconds',
  help: 'Time of one refresh of an engine’s insights',
  labelNames: ['engine'],
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
});

export const deadLetters = new Gauge({
  name: 'dead_letters',
  help: 'Events that an engine refused at every attempt and that wait for an operator',
  labelNames: ['engine'],
});

export const retryingEvents = new Gauge({
  name: 'retrying_events',
  help: 'Events that an engine refused and that will be tried again',
  labelNames: ['engine'],
});

export const deferredEvents = new Gauge({
  name: 'deferred_events',
  help: 'Events that wait for their predecessor now',
  labelNames: ['engine'],
});

export const heldPartitions = new Gauge({
  name: 'inbox_held_partitions',
  help: 'Partitions this worker holds a lease on',
  labelNames: ['engine'],
});
