/**
 * The version gate of one consumer. Every event carries the version that its aggregate has reached with it. Per aggregate,
 * the gate stores the last version that the consumer has applied, and it lets only the next version through:
 *
 *   version ≤ applied        ignore   applied before: the relay repeated it, or the entry was read twice
 *   version = applied + 1    apply    except when this event is in failed_events, which is retried separately: ignore
 *   version > applied + 1    defer    the predecessor is late, lost or failed: the event waits in deferred_events
 *
 * However the streams repeat, reorder or lose events, effects happen once and in order (E3, E4). A refused event delays its own
 * aggregate and no other (E5). Gate, effects and inbox change in one transaction.
 */
export interface Place {
  /** The last version applied; 0 before the first. */
  readonly version: number;
  /** The lowest version of this aggregate in deferred_events; undefined when no event waits. */
  readonly waiting: number | undefined;
  /** Whether version + 1 is in failed_events. */
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

/** Sorts the events of one aggregate, in any order and with repetitions, by the verdict of the gate. */
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
