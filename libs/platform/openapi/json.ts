export type Json = Record<string, unknown>;

/** Object.entries in a fixed order, so that the same document always gives the same text. */
export function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
