/** Renders a notice: from facts to subject and text. The sentences are in texts.ts. */
import type { NoticeStep } from '../../access/index.js';
import { formatsFor, type Language } from '../../invoicing/index.js';
import { noticeTexts, type NoticeWords } from './texts.js';

export interface OwedInvoice {
  readonly number: bigint;
  readonly dueAt: Date;
  readonly owed: bigint;
  readonly currency: string;
}

export interface NoticeFacts {
  readonly step: NoticeStep;
  readonly language: Language;
  /** The tenant's name, as on its invoices. */
  readonly name: string;
  readonly zone: string;
  /** Past due, oldest first. */
  readonly invoices: readonly OwedInvoice[];
  /** The time at which access is limited unless the debt is settled; null for a step without one. */
  readonly limitedAt: Date | null;
  /** Whether access was limited in this episode. */
  readonly wasSuspended: boolean;
  /** The address where the tenant signs in and pays, if the operator has set it. */
  readonly storeUrl: string | null;
  readonly asOf: Date;
}

export interface Notice {
  readonly subject: string;
  readonly text: string;
}

export function renderNotice(facts: NoticeFacts): Notice {
  const { subject, paragraphs } = noticeTexts[facts.step][facts.language](wordsOf(facts));
  return { subject, text: `${paragraphs.join('\n\n')}\n` };
}

function wordsOf({
  language,
  zone,
  invoices,
  limitedAt,
  asOf,
  name,
  wasSuspended,
  storeUrl,
}: NoticeFacts): NoticeWords {
  const formats = formatsFor(language);
  return {
    name,
    total: totals(invoices)
      .map(([currency, owed]) => formats.money(owed, currency))
      .join(' + '),
    invoices: invoices.map(({ number, dueAt, owed, currency }) => ({
      number: number.toString(),
      due: formats.day(dueAt, zone),
      owed: formats.money(owed, currency),
    })),
    limitedAt: limitedAt === null || limitedAt <= asOf ? null : formats.instant(limitedAt, zone),
    wasSuspended,
    storeUrl,
  };
}

function totals(invoices: readonly OwedInvoice[]): readonly (readonly [currency: string, owed: bigint])[] {
  const sums = new Map<string, bigint>();
  for (const { currency, owed } of invoices) sums.set(currency, (sums.get(currency) ?? 0n) + owed);
  return [...sums];
}
