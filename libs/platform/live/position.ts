/**
 * Where a reader of the live stream is. A position names what has been read by a snapshot of the database, not by a number:
 * a transaction that takes its sequence number first and commits last would be skipped by any number (it loses a quarter
 * of the events under eight writers), but becomes visible in a later snapshot like every other.
 *
 *   everything visible in `read`
 *   and, when the reader stopped in the middle of a window, of what became visible up to `until` the events up to `seq`
 *
 * So a torn connection goes on at the very next event: none is lost, none comes twice. The text a reader keeps is
 * `<minutes>;<read>[;<until>;<seq>]` as base64url, the minutes since 1970 telling how old it is.
 */
import { errorTable } from '#kernel';

const errors = errorTable({
  invalid_last_event_id: ['malformed', 'Last-Event-ID is not one this stream gave out.'],
});

export interface Position {
  readonly read: string;
  readonly within?: { readonly until: string; readonly seq: string };
}

/** Older ones are answered with `stream.reset`: reading everything again is cheaper than replaying a day. */
const LONGEST_AWAY_MINUTES = 24 * 60;
/** A snapshot lists the running transactions; a thousand of them would be a thousand connections. */
const LONGEST = 40_000;
const MINUTE_MS = 60_000;

export function textOf(position: Position, now = Date.now()): string {
  const { read, within } = position;
  const parts = [Math.floor(now / MINUTE_MS), read, ...(within ? [within.until, within.seq] : [])];
  return Buffer.from(parts.join(';'), 'latin1').toString('base64url');
}

/** Undefined if it is too old to go on from; throws for what this stream never gave out. */
export function positionOf(text: string, now = Date.now()): Position | undefined {
  if (text.length > LONGEST) throw errors.invalid_last_event_id();
  const parts = Buffer.from(text, 'base64url').toString('latin1').split(';');
  const [minutes = '', read = '', until, seq] = parts;
  const isWhole = parts.length === 2 || (parts.length === 4 && isSnapshot(until!) && /^\d{1,18}$/.test(seq!));
  if (!isWhole || !/^\d{1,12}$/.test(minutes) || !isSnapshot(read)) throw errors.invalid_last_event_id();
  if (now / MINUTE_MS - Number(minutes) > LONGEST_AWAY_MINUTES) return undefined;
  return until === undefined ? { read } : { read, within: { until, seq: seq! } };
}

/** `xmin:xmax:running`, with what PostgreSQL asks of it: xmin ≤ running, ascending, < xmax. */
function isSnapshot(text: string): boolean {
  const match = /^(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)$/.exec(text);
  if (!match) return false;
  const [xmin, xmax] = [BigInt(match[1]!), BigInt(match[2]!)];
  const running = match[3] === '' ? [] : match[3]!.split(',').map(BigInt);
  const isAscending = running.every((xid, index) => index === 0 || running[index - 1]! < xid);
  return xmin > 0n && xmin <= xmax && isAscending && running.every((xid) => xid >= xmin && xid < xmax);
}
