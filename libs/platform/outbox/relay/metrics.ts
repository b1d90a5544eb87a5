import { Counter, Gauge } from 'prom-client';

export const unpublishedAge = new Gauge({
  name: 'outbox_unpublished_age_seconds',
  help: 'Age of the oldest committed event that is not in Redis yet',
});

export const publishedEvents = new Counter({
  name: 'outbox_published_events_total',
  help: 'Events written to the streams, repeated ones included',
});

export const repeatedEvents = new Counter({
  name: 'outbox_repeated_events_total',
  help: 'Events published again because an engine had lost them',
  labelNames: ['engine'],
});

export const queuedEvents = new Gauge({
  name: 'outbox_queued_events',
  help: 'Events the relay has read and not yet published, held back by the window',
});

export const relayLeader = new Gauge({
  name: 'outbox_relay_leader',
  help: '1 while this process is the active relay',
});

export const streamLength = new Gauge({
  name: 'stream_entries',
  help: 'Entries in a stream, each of up to a few hundred events',
  labelNames: ['partition'],
});

export const streamPending = new Gauge({
  name: 'stream_pending_entries',
  help: 'Entries delivered to an engine and not acknowledged',
  labelNames: ['engine', 'partition'],
});

export const streamLag = new Gauge({
  name: 'stream_lag_seconds',
  help: 'Time between the newest entry of a partition and the newest one an engine has taken',
  labelNames: ['engine', 'partition'],
});
