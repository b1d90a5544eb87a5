import type { StreamPlace } from '#platform/streams';
import { counter, gauge, type MetricsServer } from '#platform/telemetry';
import type { RelayRepository } from './relay-repository.js';

export const publishedEvents = counter({
  name: 'outbox_published_events_total',
  help: 'Events written to the streams, repeated ones included',
});

export const repeatedEvents = counter({
  name: 'outbox_repeated_events_total',
  help: 'Events published again because an engine had lost them',
  labelNames: ['engine'],
});

export const queuedEvents = gauge({
  name: 'outbox_queued_events',
  help: 'Events the relay has read and not yet published, held back by the window',
});

const relayLeader = gauge({
  name: 'outbox_relay_leader',
  help: '1 while this process is the active relay',
});

const streamLength = gauge({
  name: 'stream_entries',
  help: 'Entries in a stream, each of up to a few hundred events',
  labelNames: ['partition'],
});

const streamPending = gauge({
  name: 'stream_pending_entries',
  help: 'Entries delivered to an engine and not acknowledged',
  labelNames: ['engine', 'partition'],
});

const streamLag = gauge({
  name: 'stream_lag_seconds',
  help: 'How long the oldest entry that an engine has not taken can have waited at most; 0 when it has taken all',
  labelNames: ['engine', 'partition'],
});

export function startLeading(): void {
  relayLeader.set(1);
}

/** Resets the gauges that only the leader sets, so that no scrape shows an old value of this process beside the new leader's. */
export function stopLeading(): void {
  relayLeader.set(0);
  for (const gauge of [queuedEvents, streamLength, streamPending, streamLag]) gauge.reset();
}

/** Set by every relay, leader or not: the answer comes from PostgreSQL alone. */
export function reportUnpublished(metrics: MetricsServer, repository: RelayRepository): void {
  metrics.gauge(
    'outbox_unpublished_age_seconds',
    'Age of the oldest committed event that is not known to be in Redis',
    async () => (await repository.unpublished()).age,
  );
  metrics.gauge(
    'outbox_unpublished_events',
    'Committed events that are not known to be in Redis, counted as far as 50,000',
    async () => (await repository.unpublished()).count,
  );
}

export function measureStreams(consumers: readonly string[], places: readonly StreamPlace[], now = Date.now()): void {
  places.forEach((place, index) => {
    const partition = String(index);
    streamLength.set({ partition }, place.length);
    place.groups.forEach((group, position) => {
      const labels = { engine: consumers[position]!, partition };
      streamPending.set(labels, group.pending);
      streamLag.set(labels, lagOf(place.last, group.delivered, now));
    });
  });
}

/**
 * Seconds since the last entry that the consumer has taken. The newest entry would be wrong: when a consumer is dead and no
 * entry is added, the distance to the newest one does not grow. A consumer that has never taken an entry has no such time, so
 * the newest entry is used, which gives the shortest possible lag.
 */
function lagOf(last: string, delivered: string, now: number): number {
  if (last === delivered || millisecondsOf(delivered) > millisecondsOf(last)) return 0;
  const since = millisecondsOf(delivered) || millisecondsOf(last);
  return since === 0 ? 0 : Math.max(0, now - since) / 1_000;
}

function millisecondsOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}
