/** Entry ids are `<milliseconds>-<sequence>`; both parts can outgrow a float only after the year 287000. */
export type EntryId = string;

export const NOTHING: EntryId = '0-0';

export function compareIds(a: EntryId, b: EntryId): number {
  const [aTime, aCount] = parts(a);
  const [bTime, bCount] = parts(b);
  return aTime - bTime || aCount - bCount;
}

function parts(id: EntryId): [number, number] {
  const dash = id.indexOf('-');
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}
