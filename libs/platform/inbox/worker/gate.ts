/**
 * The version gate of one engine. Every event says which version of its aggregate it made; per aggregate the gate knows
 * how far the engine has come and lets the next version through, and no other:
 *
 *   version ≤ applied        ignore   seen before: repeated by the relay, or read twice
 *   version = applied + 1    apply    unless that very event is held in failed_events, which has its own pace: ignore
 *   version > applied + 1    defer    its predecessor is late, lost or held: wait in deferred_events
 *
 * So however the streams repeat, reorder or lose, effects happen once and in order (E3, E4), and a refused event holds up
 * its own aggregate and nothing else (E5). Gate, effects and inbox change in one transaction.
 */
export interface Place {
  /** The last version applied; 0 before the first. */
  readonly version: number;
  /** Whether events of this aggregate wait in deferred_events, and from which version. */
  readonly waiting: number | undefined;
  /** Whether version + 1 is held in failed_events. */
  readonly isParked: boolean;
}

export const UNSEEN: Place = { version: 0, waiting: undefined, isParked: false };

export type Verdict = 'apply' | 'ignore' | 'defer';

export function verdictOf(place: Place, version: number): Verdict {
  if (version <= place.version) return 'ignore';
  if (version === place.version + 1) return place.isParked ? 'ignore' : 'apply';
  return 'defer';
}

export interface Versioned {
  readonly version: number;
}

export interface Sifted<Event> {
  readonly apply: readonly Event[];
  readonly defer: readonly Event[];
  readonly ignored: number;
  readonly place: Place;
}

/** Events of one aggregate, in any order and with repetitions, against its place. */
export function sift<Event extends Versioned>(place: Place, events: readonly Event[]): Sifted<Event> {
  const ordered = isOrdered(events) ? events : [...events].sort((a, b) => a.version - b.version);
  const apply: Event[] = [];
  const defer: Event[] = [];
  let { version, waiting } = place;
  let ignored = 0;
  for (const event of ordered) {
    const verdict = verdictOf({ ...place, version }, event.version);
    if (verdict === 'apply') {
      apply.push(event);
      version = event.version;
    } else if (verdict === 'defer' && defer.at(-1)?.version !== event.version) {
      defer.push(event);
      waiting = Math.min(waiting ?? event.version, event.version);
    } else {
      ignored += 1;
    }
  }
  return { apply, defer, ignored, place: { version, waiting, isParked: place.isParked && version === place.version } };
}

function isOrdered(events: readonly Versioned[]): boolean {
  for (let index = 1; index < events.length; index++) {
    if (events[index - 1]!.version >= events[index]!.version) return false;
  }
  return true;
}
