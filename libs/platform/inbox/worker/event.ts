/** An event on its way through the worker: the envelope, its place in the gate, and the text it came as. */
import { aggregateId, aggregateKind, type Envelope } from '#contracts/event';
import type { Versioned } from './gate.js';

export interface Arrival extends Versioned {
  readonly envelope: Envelope;
  readonly tenant: string;
  readonly aggregate: string;
  readonly aggregateId: string;
  /** tenant, aggregate and id in one: events with the same key are in one order. */
  readonly key: string;
}

export function arrivalOf(envelope: Envelope): Arrival {
  return {
    envelope,
    version: envelope.aggregateversion,
    tenant: envelope.tenantid,
    aggregate: aggregateKind(envelope),
    aggregateId: aggregateId(envelope),
    key: `${envelope.tenantid}/${envelope.subject}`,
  };
}

/** Per aggregate, in the order of first appearance. */
export function byAggregate(arrivals: readonly Arrival[]): Map<string, Arrival[]> {
  const groups = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    const group = groups.get(arrival.key);
    if (group) group.push(arrival);
    else groups.set(arrival.key, [arrival]);
  }
  return groups;
}
