/** Decides about one (subject, kind) from the stored rows, the desired insight and the day: keep, show or resolve. Pure. */
import { Decimal } from '#kernel';
import type { DesiredInsight, InsightState } from './insight.js';

export interface StoredInsight {
  readonly episode: number;
  readonly state: InsightState;
  readonly basis: string;
  readonly measure: string;
  /** `YYYY-MM-DD`. */
  readonly answeredOn: string | null;
  readonly snoozedUntil: string | null;
}

export type Verdict =
  | { readonly type: 'keep' }
  | { readonly type: 'show'; readonly episode: number; readonly isNew: boolean }
  | { readonly type: 'resolve'; readonly episode: number };

const KEEP: Verdict = { type: 'keep' };

/** `wrong` is reconsidered when the measure moved by more than one part in this many. */
const MATERIAL_PART = 4n;

type Wanted = Pick<DesiredInsight, 'basis' | 'measure' | 'quietDays'>;

export function verdictOn(stored: readonly StoredInsight[], desired: Wanted | undefined, today: string): Verdict {
  const last = latestFinal(stored);
  const episode = (last?.episode ?? 0) + 1;
  const current = stored.find((row) => row.episode === episode);
  const isWanted = desired !== undefined && !(last && isQuiet(last, desired, today));
  if (!isWanted) return current?.state === 'open' ? { type: 'resolve', episode } : KEEP;
  if (current?.state === 'not_now' && today < current.snoozedUntil!) return KEEP;
  return { type: 'show', episode, isNew: current?.state !== 'open' };
}

function latestFinal(stored: readonly StoredInsight[]): StoredInsight | undefined {
  let last: StoredInsight | undefined;
  for (const row of stored) {
    if ((row.state === 'done' || row.state === 'wrong') && (!last || row.episode > last.episode)) last = row;
  }
  return last;
}

function isQuiet(last: StoredInsight, desired: Wanted, today: string): boolean {
  if (last.state === 'wrong') return !isMaterial(Decimal.parse(last.measure), Decimal.parse(desired.measure));
  return last.basis === desired.basis && today < addDays(last.answeredOn!, desired.quietDays);
}

function isMaterial(before: Decimal, after: Decimal): boolean {
  const difference = absolute(after.minus(before));
  return difference.times(Decimal.of(MATERIAL_PART)).compare(absolute(before)) > 0;
}

function absolute(value: Decimal): Decimal {
  return value.isNegative ? value.negated() : value;
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
