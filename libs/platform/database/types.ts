/**
 * The JavaScript types of columns. `int8` becomes bigint and `numeric` stays text, so that no figure passes through a
 * float; `date` stays `YYYY-MM-DD`, because a calendar day has no time zone.
 */
import pg from 'pg';

const INT8 = 20;
const DATE = 1082;
const TIMESTAMPTZ = 1184;
const SPACE = 32;
const ZERO = 48;
/** The positions of a timestamp's parts. */
const WITHOUT_FRACTION = 22;
const WITH_MILLISECONDS = 26;

const anyTimestamp = pg.types.getTypeParser(TIMESTAMPTZ, 'text') as (text: string) => Date;
const parsers = new Map<number, (text: string) => unknown>([
  [INT8, BigInt],
  [DATE, (text) => text],
  [TIMESTAMPTZ, instantOf],
]);

export function parserOf(oid: number): (text: string) => unknown {
  let parser = parsers.get(oid);
  if (!parser) {
    parser = pg.types.getTypeParser(oid, 'text') as (text: string) => unknown;
    parsers.set(oid, parser);
  }
  return parser;
}

/**
 * `2026-11-22 05:32:00.123456+00`: our connections are in UTC and years have four digits; anything else is left to the general
 * parser. Nearly every row has such a column, and this takes a third of its time.
 */
function instantOf(text: string): Date {
  if (text.charCodeAt(10) !== SPACE || text.charCodeAt(0) === ZERO || !text.endsWith('+00')) return anyTimestamp(text);
  const year = digits(text, 0) * 100 + digits(text, 2);
  const [month, day] = [digits(text, 5) - 1, digits(text, 8)];
  return new Date(
    Date.UTC(year, month, day, digits(text, 11), digits(text, 14), digits(text, 17), millisecondsOf(text)),
  );
}

/** The first three of six digits; PostgreSQL omits trailing zeros. */
function millisecondsOf(text: string): number {
  if (text.length === WITHOUT_FRACTION) return 0;
  if (text.length >= WITH_MILLISECONDS) return digits(text, 20) * 10 + text.charCodeAt(22) - ZERO;
  return Number(text.slice(20, -3).padEnd(3, '0'));
}

function digits(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 11 * ZERO;
}
