/**
 * The position of a reader of the live stream. It is a snapshot of the database and not a sequence number: a transaction that
 * takes its number first and commits last would be skipped by a number (a quarter of the events is lost with eight writers),
 * but it becomes visible in a later snapshot like every other transaction.
 *
 *   `read`            the reader has every event visible in this snapshot
 *   `until`, `seq`    the reader stopped inside a window: of the events that became visible up to `until`, it has those up to
 *                     `seq`
 *
 * So a reader whose connection broke continues with the very next event: none is lost or repeated. The reader keeps the text
 * `<minutes>;<read>[;<until>;<seq>]` as base64url. The minutes since 1970 give the age of the position.
 */
import { errorTable } from '#kernel';

const errors = errorTable({
  invalid_last_event_id: ['malformed', 'Last-Event-ID is not one this stream gave out.'],
});

export interface Position {
  readonly read: string;
  readonly within?: { readonly until: string; readonly seq: string };
}

/** An older position is answered with `stream.reset`, because reading the page again is cheaper than replaying a day. */
const LONGEST_AWAY_MINUTES = 24 * 60;
/** The longest accepted text. A snapshot lists the running transactions, and there are never more than a thousand. */
const LONGEST = 40_000;
const MINUTE_MS = 60_000;

export function textOf(position: Position, now = Date.now()): string {
  const { read, within } = position;
  const parts = [Math.floor(now / MINUTE_MS), read, ...(within ? [within.until, within.seq] : [])];
  return Buffer.from(parts.join(';'), 'latin1').toString('base64url');
}

/** Undefined when the position is too old. Throws `invalid_last_event_id` for a text that is no position. */
export function positionOf(text: string, now = Date.now()): Position | undefined {
  if (text.length > LONGEST) throw errors.invalid_last_event_id();
  const parts = Buffer.from(text, 'base64url').toString('latin1').split(';');
  const [minutes = '', read = '', until, seq] = parts;
  const isWhole = parts.length === 2 || (parts.length === 4 && isSnapshot(until!) && /^\d{1,18}$/.test(seq!));
  if (!isWhole || !/^\d{1,12}$/.test(minutes) || !isSnapshot(read)) throw errors.invalid_last_event_id();
  if (now / MINUTE_MS - Number(minutes) > LONGEST_AWAY_MINUTES) return undefined;
  return until === undefined ? { read } : { read, within: { until, seq: seq! } };
}

/** `xmin:xmax:running`, with the conditions of PostgreSQL: xmin ≤ running < xmax, in ascending order. */
function isSnapshot(text: string): boolean {
  const match = /^(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)$/.exec(text);
  if (!match) return false;
  const [xmin, xmax] = [BigInt(match[1]!), BigInt(match[2]!)];
  const running = match[3] === '' ? [] : match[3]!.split(',').map(BigInt);
  const isAscending = running.every((xid, index) => index === 0 || running[index - 1]! < xid);
  return xmin > 0n && xmin <= xmax && isAscending && running.every((xid) => xid >= xmin && xid < xmax);
}
