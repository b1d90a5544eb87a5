/**
 * Cursor pages over a UUIDv7 key, newest first. A row that is inserted between two pages neither shifts a page nor appears
 * twice. The cursor is the last id of a page, encoded so that clients do not build cursors themselves.
 */
import { errorTable, isUuid } from '#kernel';

const errors = errorTable({
  invalid_cursor: ['malformed', 'The cursor is not one this list gave out.'],
});

/** Sorts after every UUIDv7, so a descending list starts here. */
const BEYOND_LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

/** The id after which the page starts: the next rows have a smaller id. */
export function before(cursor: string | undefined): string {
  if (cursor === undefined) return BEYOND_LAST;
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!isUuid(id)) throw errors.invalid_cursor();
  return id;
}

/** Expects up to one row more than the page holds. If that row is there, there is a next page. */
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
