/**
 * Money, numbers and instants in the form that a tenant reads. Amounts are given to Intl as decimal text, so that no
 * amount passes through a float. The kernel defines the number of decimals of a currency, because it counts the amounts.
 */
import { Decimal, minorDigits, Money } from '#kernel';
import { MICRO } from '../../plans/index.js';

export const LANGUAGES = ['pt-BR', 'en', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Formats {
  money(minor: bigint, currency: string): string;
  /** A price in millionths of a minor unit, with as many decimals as it needs. */
  price(micro: bigint, currency: string): string;
  number(value: bigint): string;
  /** The day in a zone: `5 de novembro de 2026`. */
  day(at: Date, zone: string): string;
  /** `05/11/2026`; in English `Nov 5, 2026`, because day and month are ambiguous in figures there. */
  shortDay(at: Date, zone: string): string;
  /** Includes the zone's name, because the reader may be in another zone. */
  instant(at: Date, zone: string): string;
}

/** The language of a locale, without its region; Portuguese for a language that we do not support. */
export function languageFor(locale: string): Language {
  return LANGUAGES.find((language) => primary(language) === primary(locale)) ?? LANGUAGES[0];
}

const made = new Map<Language, Formats>();

export function formatsFor(language: Language): Formats {
  let formats = made.get(language);
  if (!formats) made.set(language, (formats = makeFormats(language)));
  return formats;
}

function primary(locale: string): string {
  return locale.toLowerCase().split(/[-_]/)[0]!;
}

/** Decimals of a price: those of the minor unit and of its millionths. */
const MICRO_DIGITS = MICRO.toString().length - 1;

function makeFormats(language: Language): Formats {
  const currencies = new Map<string, Intl.NumberFormat>();
  const moneyFormat = (currency: string, most: number) => {
    const key = `${currency}/${most}`;
    const [least, style] = [minorDigits(currency), 'currency'] as const;
    const format =
      currencies.get(key) ??
      new Intl.NumberFormat(language, { style, currency, minimumFractionDigits: least, maximumFractionDigits: most });
    currencies.set(key, format);
    return format;
  };
  const numbers = new Intl.NumberFormat(language);
  const dates = (at: Date, options: Intl.DateTimeFormatOptions) =>
    plain(new Intl.DateTimeFormat(language, options).format(at));
  return {
    money: (minor, currency) =>
      plain(moneyFormat(currency, minorDigits(currency)).format(decimal(new Money(minor, currency).toText()))),
    price: (micro, currency) => {
      const digits = minorDigits(currency) + MICRO_DIGITS;
      return plain(moneyFormat(currency, digits).format(decimal(Decimal.of(micro, digits).toText())));
    },
    number: (value) => plain(numbers.format(value)),
    day: (at, timeZone) => dates(at, { dateStyle: 'long', timeZone }),
    shortDay: (at, timeZone) =>
      language === 'en'
        ? dates(at, { dateStyle: 'medium', timeZone })
        : dates(at, { day: '2-digit', month: '2-digit', year: 'numeric', timeZone }),
    instant: (at, timeZone) =>
      `${dates(at, { dateStyle: 'long', timeStyle: 'short', timeZone })} (${zoneName(language, at, timeZone)})`,
  };
}

function zoneName(language: Language, at: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat(language, { timeZone, timeZoneName: 'long' }).formatToParts(at);
  const name = plain(parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone);
  // A zone with an abbreviation of its own is clear to a reader; a bare offset needs the place.
  return /^(GMT|UTC)[+-]/.test(name) ? `${name}, ${timeZone}` : name;
}

/** Intl puts narrow no-break spaces, which the fonts of a PDF and some mail readers lack. Ordinary no-break spaces stay. */
function plain(text: string): string {
  return text.replaceAll(/[\u2009\u202F]/g, '\u00A0').replaceAll('\u2212', '-');
}

/** Intl reads decimal text digit by digit. */
function decimal(text: string): Intl.StringNumericLiteral {
  return text as Intl.StringNumericLiteral;
}
