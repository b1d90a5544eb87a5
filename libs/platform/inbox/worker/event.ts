/** An event in the worker: the envelope, and the fields by which the gate orders it. */
import { aggregateId, aggregateKind, type Envelope } from '#contracts/event';
import type { Versioned } from './gate.js';

export interface Arrival extends Versioned {
  readonly envelope: Envelope;
  readonly tenant: string;
  readonly aggregate: string;
  readonly aggregateId: string;
  /** `<tenant>/<aggregate>/<id>`. Events with the same key are applied in version order. */
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

/** The events per aggregate, in the order in which the aggregates first appear. */
export function byAggregate(arrivals: readonly Arrival[]): Map<string, Arrival[]> {
  const groups = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    const group = groups.get(arrival.key);
    if (group) group.push(arrival);
    else groups.set(arrival.key, [arrival]);
  }
  return groups;
}
