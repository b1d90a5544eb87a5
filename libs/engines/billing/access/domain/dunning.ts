/**
 * Decides which notices of an episode are due. A step is notified once per episode: `recordedSteps` has the steps
 * recorded with their mail in the same transaction, so a repeated pass finds them there and sends no second mail.
 *
 *   opened ─▶ reminder_48h ─▶ reminder_96h ─▶ final_warning (144 h) ─▶ suspended ─▶ restored
 *
 * Reminders and the final warning are courtesies; they do not change the access state. After an outage only the newest
 * of them is sent, because three mails at the same time about one debt do not help the reader.
 */
export const NOTICE_STEPS = [
  'opened',
  'reminder_48h',
  'reminder_96h',
  'final_warning',
  'suspended',
  'restored',
] as const;
export type NoticeStep = (typeof NOTICE_STEPS)[number];

/** A day before the end of the grace period of 168 h. */
export const FINAL_WARNING_HOURS = 144;

/** Newest first. The reminders are on the days of the retries, because a charge may be declined then. */
const COURTESIES: readonly { readonly step: NoticeStep; readonly hours: number }[] = [
  { step: 'final_warning', hours: FINAL_WARNING_HOURS },
  { step: 'reminder_96h', hours: 96 },
  { step: 'reminder_48h', hours: 48 },
];

export interface DunningFacts {
  /** The result of this pass for the episode. */
  readonly outcome: 'grace' | 'suspended' | 'paid';
  readonly noticeAt: Date | null;
  /** Past due above the tolerance for small balances, without a charge under way that would bring it below. */
  readonly isOwing: boolean;
  readonly recordedSteps: readonly NoticeStep[];
}

export function noticesDue(facts: DunningFacts, asOf: Date): readonly NoticeStep[] {
  return stepsOf(facts, asOf).filter((step) => !facts.recordedSteps.includes(step));
}

function stepsOf(facts: DunningFacts, asOf: Date): readonly NoticeStep[] {
  if (facts.outcome === 'paid') return facts.recordedSteps.length > 0 ? ['restored'] : [];
  if (!facts.isOwing) return [];
  if (facts.outcome === 'suspended') return ['suspended'];
  const courtesy = newestCourtesy(facts, asOf);
  return courtesy === undefined ? ['opened'] : ['opened', courtesy];
}

/** A missed courtesy is never sent after a newer one, even when the newer one was sent long ago. */
function newestCourtesy({ noticeAt }: DunningFacts, asOf: Date): NoticeStep | undefined {
  if (noticeAt === null) return undefined;
  return COURTESIES.find(({ hours }) => asOf >= hoursAfter(noticeAt, hours))?.step;
}

const HOUR_MS = 3_600_000;

/** Adds elapsed hours, not calendar days: a change to summer time neither adds nor removes an hour. */
export function hoursAfter(instant: Date, hours: number): Date {
  return new Date(instant.getTime() + hours * HOUR_MS);
}
