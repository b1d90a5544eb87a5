/**
 * Cursor pages over a UUIDv7 key, newest first: a row that arrives while someone reads neither shifts a page nor shows up
 * twice. The cursor is the last id seen, wrapped so that nobody builds one by hand.
 */
import { errorTable, isUuid } from '#kernel';

const errors = errorTable({
  invalid_cursor: ['malformed', 'The cursor is not one this list gave out.'],
});

/** Sorts before any UUIDv7 there will be; the start of a descending list. */
const BEYOND_LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

/** The id after which to go on: rows with a smaller id come next. */
export function before(cursor: string | undefined): string {
  if (cursor === undefined) return BEYOND_LAST;
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!isUuid(id)) throw errors.invalid_cursor();
  return id;
}

/** Takes one row more than asked for: whether it is there says whether there is a next page. */
export function pageOf<Row, Item>(
  rows: Row[],
  limit: number,
  idOf: (row: Row) => string,
  view: (row: Row) => Item,
): Page<Item> {
  const shown = rows.length > limit ? rows.slice(0, limit) : rows;
  const last = shown.at(-1);
  return {
    data: shown.map(view),
    next_cursor: rows.length > limit && last ? Buffer.from(idOf(last), 'latin1').toString('base64url') : null,
  };
}
