/**
 * How column types arrive. `int8` becomes bigint and `numeric` stays text, so that no figure passes through a float;
 * `date` stays `YYYY-MM-DD`, because a calendar day has no time zone.
 */
import pg from 'pg';

const INT8 = 20;
const DATE = 1082;
const parsers = new Map<number, (text: string) => unknown>([
  [INT8, BigInt],
  [DATE, (text) => text],
]);

export function parserOf(oid: number): (text: string) => unknown {
  let parser = parsers.get(oid);
  if (!parser) {
    parser = pg.types.getTypeParser(oid, 'text') as (text: string) => unknown;
    parsers.set(oid, parser);
  }
  return parser;
}
