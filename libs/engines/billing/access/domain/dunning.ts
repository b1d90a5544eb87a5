/**
 * Which notices an episode still owes its tenant. A step is told once per episode: `told` holds what was recorded with the
 * mail in the same transaction, so a replayed pass finds it there and stays silent.
 *
 *   opened ─▶ reminder_48h ─▶ reminder_96h ─▶ final_warning (144 h) ─▶ suspended ─▶ restored
 *
 * Reminders and the final warning are courtesies, not rungs. After an outage only the newest of them is told: three mails
 * at once about the same debt inform nobody.
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

/** A day before the grace of 168 h ends. */
export const FINAL_WARNING_HOURS = 144;

/** Newest first. The reminders fall on the days of the retries, when a declined charge is news. */
const COURTESIES: readonly { readonly step: NoticeStep; readonly hours: number }[] = [
  { step: 'final_warning', hours: FINAL_WARNING_HOURS },
  { step: 'reminder_96h', hours: 96 },
  { step: 'reminder_48h', hours: 48 },
];

export interface DunningFacts {
  /** Where the episode stands once this pass has decided. */
  readonly outcome: 'grace' | 'suspended' | 'settled';
  readonly noticeAt: Date | null;
  /** Past due above the small-balance tolerance, and nothing being collected that would bring it below. */
  readonly isOwing: boolean;
  readonly told: readonly NoticeStep[];
}

export function noticesDue(facts: DunningFacts, asOf: Date): readonly NoticeStep[] {
  return stepsOf(facts, asOf).filter((step) => !facts.told.includes(step));
}

function stepsOf(facts: DunningFacts, asOf: Date): readonly NoticeStep[] {
  if (facts.outcome === 'settled') return facts.told.length > 0 ? ['restored'] : [];
  if (!facts.isOwing) return [];
  if (facts.outcome === 'suspended') return ['suspended'];
  const courtesy = newestCourtesy(facts, asOf);
  return courtesy === undefined ? ['opened'] : ['opened', courtesy];
}

/** An older one that was missed is never told after a newer one, not even once the newer one is out. */
function newestCourtesy({ noticeAt }: DunningFacts, asOf: Date): NoticeStep | undefined {
  if (noticeAt === null) return undefined;
  return COURTESIES.find(({ hours }) => asOf >= hoursAfter(noticeAt, hours))?.step;
}

const HOUR_MS = 3_600_000;

/** Elapsed hours, not calendar days: a change to summer time neither gives nor takes one. */
export function hoursAfter(instant: Date, hours: number): Date {
  return new Date(instant.getTime() + hours * HOUR_MS);
}
