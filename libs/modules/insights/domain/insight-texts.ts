/**
 * An insight is stored as figures and becomes a sentence when it is read, so that one row reads in every language and a
 * better sentence improves old insights too. Each engine has one `InsightTexts`, in its door `texts.ts`.
 */
import { type Formats, formatsFor, type Language, LANGUAGES } from './formats.js';
import type { Figures } from './insight.js';

export interface InsightText {
  readonly title: string;
  /** One sentence with the figures behind it. */
  readonly why: string;
}

/** By `<engine>.<kind>`. */
export type InsightTexts = Readonly<
  Record<string, Readonly<Record<Language, (figures: Figures, formats: Formats) => InsightText>>>
>;

/** The first of the reader's languages that has texts; a language without its region counts (`pt` is `pt-BR`). */
export function languageFor(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => primary(language) === primary(tag));
    if (found) return found;
  }
  return LANGUAGES[0];
}

export function insightText(
  texts: InsightTexts,
  language: Language,
  engine: string,
  kind: string,
  figures: Figures,
): InsightText {
  const write = texts[`${engine}.${kind}`];
  // This process may not know the engine of a row. Its code is shown then, so that the list still works.
  if (!write) return { title: `${engine}.${kind}`, why: '' };
  return write[language](figures, formatsFor(language));
}

function primary(tag: string): string {
  return tag.toLowerCase().split('-')[0]!;
}
