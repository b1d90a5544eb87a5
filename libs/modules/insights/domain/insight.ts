/**
 * One piece of advice: what, why (figures), what it is worth, one action, and the store's answer.
 *
 *   (reason) ─▶ open ◀──────────▶ resolved            the reason ended, or came back
 *                │ ▲
 *                │ └─ snooze over ── not_now          kept as answered until the day named
 *                ├──▶ done                            quiet while the basis is the same, at most `quietDays`
 *                └──▶ wrong                           quiet until the measure changes by more than a quarter
 *
 * `not_now` may still become `done` or `wrong`. After `done` and `wrong` the next reason is a new episode with a new id.
 *
 * The set of open insights is a function of facts, day and answers, never of how often or in which order engines reviewed it. `resolved`
 * rows and the two moments `opened_at` and `resolved_at` are the exception: they remember what the store was shown.
 */
import { createHash } from 'node:crypto';
import type { INSIGHT_ANSWERS } from '#contracts/insights/events';
import type { INSIGHT_STATES } from '#contracts/insights/operations';
import { StateMachine } from '#kernel';

export type InsightState = (typeof INSIGHT_STATES)[number];
export type InsightAnswer = (typeof INSIGHT_ANSWERS)[number];

/** Only what a person may do; engines open and resolve. */
export const answers = new StateMachine<InsightState>('insight', {
  open: ['done', 'not_now', 'wrong'],
  not_now: ['done', 'not_now', 'wrong'],
  done: [],
  wrong: [],
  resolved: [],
});

/** How many days a `not_now` lasts. */
export const SNOOZE_DAYS = 7;

export type FigureValue = string | number | boolean | null;
/** Decimals as strings, so that they are shown as computed. */
export type Figures = Readonly<Record<string, FigureValue | readonly Readonly<Record<string, FigureValue>>[]>>;

/** What one click would do. */
export interface InsightAction {
  readonly type: string;
  readonly [field: string]: FigureValue;
}

export interface Worth {
  readonly minor: bigint;
  readonly currency: string;
}

export interface DesiredInsight {
  readonly tenant: string;
  readonly kind: string;
  readonly subject: string;
  readonly figures: Figures;
  readonly worth: Worth | null;
  readonly action: InsightAction;
  readonly priority: number;
  /** Identity of the situation, from facts: `done` is over when it changes. */
  readonly basis: string;
  /** The figure an objection is about, as a decimal. */
  readonly measure: string;
  /** How long `done` is believed without the basis changing. */
  readonly quietDays: number;
}

/** A subject whose insights one engine has just computed again; `at` is the time of its newest fact. */
export interface ReviewedSubject {
  readonly tenant: string;
  readonly subject: string;
  readonly at: Date;
  /** The calendar day of the computation, `YYYY-MM-DD`. */
  readonly today: string;
}

/**
 * The same insight has the same id wherever and whenever it is computed. The first 48 bits are the subject's own (the
 * moment a UUIDv7 carries), the other 74 free bits a SHA-256 of the name; version and variant as in RFC 9562 §5.7.
 */
export function insightId(tenant: string, engine: string, kind: string, subject: string, episode: number): string {
  const hash = createHash('sha256').update([tenant, engine, kind, subject, episode].join('\n')).digest();
  hash[0] = (hash[0]! & 0x0f) | 0x70;
  hash[2] = (hash[2]! & 0x3f) | 0x80;
  const time = subject
    .slice(subject.indexOf('/') + 1)
    .replaceAll('-', '')
    .slice(0, 12);
  const tail = hash.subarray(0, 10).toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
}
