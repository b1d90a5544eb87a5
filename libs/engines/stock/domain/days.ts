/** Calendar days as whole numbers since 1970-01-01: differences are subtractions, and no time zone can creep in. */
export type Day = number;

const MILLISECONDS = 86_400_000;

export function dayText(day: Day): string {
  return new Date(day * MILLISECONDS).toISOString().slice(0, 10);
}

export function dayOf(text: string): Day {
  return Date.parse(text) / MILLISECONDS;
}

/** 0 to 6; which weekday is 0 does not matter to an index. */
export function weekday(day: Day): number {
  return ((day % 7) + 7) % 7;
}
