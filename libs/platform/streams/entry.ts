/**
 * An entry as it was read from Redis. Any client of Redis can add entries, so nothing in one is used before it was checked.
 * An entry that the relay cannot have written is *foreign*: it is counted, acknowledged and not applied. No event is lost by
 * that, because the relay's reconciler publishes every event again that has no inbox row.
 */
import type { Envelope } from '#contracts/event';
import { isStorable, isUuid } from '#kernel';
import type { EntryId } from './entry-id.js';

export interface StreamEntry {
  readonly partition: number;
  readonly id: EntryId;
  /** Its events, as the entry states them. 0 when it is foreign or its body is gone. */
  readonly count: number;
  /** The recovery epoch in which the entry was published. Entries of an older release have none and count as epoch 1. */
  readonly recovery: number;
  /** Undefined when the entry was trimmed or deleted while it was pending: only its id is left. */
  readonly events: string | undefined;
  /** Its fields are not those that a relay writes. */
  readonly isForeign: boolean;
}

export const FIRST_RECOVERY_EPOCH = 1;

/** Larger than any entry of a relay, and small enough that a wrong number changes no more than the size of one read. */
const COUNT = /^[1-9]\d{0,4}$/;
const EPOCH = /^[1-9]\d{0,14}$/;
/** UUIDv7 of a year before 2500. The day of its outbox row is computed from it. */
const EVENT_ID = /^0[0-9a-f]{7}-[0-9a-f]{4}-7/;
const SUBJECT = /^([a-z_]+)\/(.*)$/;
/** The largest `integer` of PostgreSQL. */
const MOST_VERSIONS = 2_147_483_647;

/** `fields`: names and values in turn, or null when the body of a pending entry is gone. */
export function entryOf(partition: number, id: EntryId, fields: readonly string[] | null): StreamEntry {
  const entry = { partition, id, count: 0, recovery: FIRST_RECOVERY_EPOCH, events: undefined, isForeign: false };
  if (!fields) return entry;
  const [count, events] = [fieldOf(fields, 'n'), fieldOf(fields, 'e')];
  const epoch = fieldOf(fields, 'r') ?? String(FIRST_RECOVERY_EPOCH);
  if (count === undefined || events === undefined || !COUNT.test(count) || !EPOCH.test(epoch))
    return { ...entry, isForeign: true };
  return { ...entry, count: Number(count), recovery: Number(epoch), events };
}

/** The events of an entry; undefined when it is foreign. Empty when its body is gone. */
export function envelopesOf({ events, count, isForeign }: StreamEntry): readonly Envelope[] | undefined {
  if (isForeign) return undefined;
  if (events === undefined) return [];
  const found = parsed(`[${events}]`);
  return found?.length === count && found.every(isEnvelope) ? found : undefined;
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let place = 0; place + 1 < fields.length; place += 2) if (fields[place] === name) return fields[place + 1];
  return undefined;
}

function parsed(text: string): unknown[] | undefined {
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return undefined;
  }
}

/** Checks what the gate, the inbox and the failed events are keyed by. The data is for the engine to judge. */
function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null) return false;
  const { id, tenantid, subject, type, aggregateversion } = value as Record<keyof Envelope, unknown>;
  return (
    isUuid(id) &&
    EVENT_ID.test(id) &&
    isUuid(tenantid) &&
    typeof subject === 'string' &&
    isUuid(SUBJECT.exec(subject)?.[2]) &&
    typeof type === 'string' &&
    isStorable(type) &&
    isVersion(aggregateversion)
  );
}

function isVersion(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_VERSIONS;
}
