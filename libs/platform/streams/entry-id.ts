/** Entry ids are `<milliseconds>-<sequence>`, both decimal and unsigned 64-bit, as Redis prints them. */
export type EntryId = string;

export const NOTHING: EntryId = '0-0';

const ENTRY_ID = /^(0|[1-9]\d{0,19})-(0|[1-9]\d{0,19})$/;

export function isEntryId(value: unknown): value is EntryId {
  return typeof value === 'string' && ENTRY_ID.test(value);
}

export function compareIds(a: EntryId, b: EntryId): number {
  const [aTime, aCount] = parts(a);
  const [bTime, bCount] = parts(b);
  return compareDigits(aTime, bTime) || compareDigits(aCount, bCount);
}

function parts(id: EntryId): [string, string] {
  const dash = id.indexOf('-');
  return [id.slice(0, dash), id.slice(dash + 1)];
}

/** Digits are compared as text, because a foreign entry may have an id that a float cannot hold. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
