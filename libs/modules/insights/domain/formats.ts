/** Numbers, money, dates and units as the reader's language writes them. */
export const LANGUAGES = ['pt-BR', 'en', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Formats {
  text(value: unknown): string;
  /** Decimal text with at most `decimals`, grouped and marked as the language does. */
  number(value: unknown, decimals?: number): string;
  /** A number of percent: `12.5` is 12.5 %. */
  percent(value: unknown): string;
  money(value: unknown, currency: unknown): string;
  quantity(value: unknown, unit: unknown): string;
  /** `YYYY-MM-DD`. */
  date(value: unknown): string;
  list(items: readonly string[]): string;
}

/** UN/ECE Recommendation 20 codes as stores say them; any other code is shown as it is. */
const UNITS: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  H87: { 'pt-BR': 'un.', en: 'pcs', es: 'uds.' },
  C62: { 'pt-BR': 'un.', en: 'pcs', es: 'uds.' },
  EA: { 'pt-BR': 'un.', en: 'pcs', es: 'uds.' },
  KGM: { 'pt-BR': 'kg', en: 'kg', es: 'kg' },
  TNE: { 'pt-BR': 't', en: 't', es: 't' },
  MTR: { 'pt-BR': 'm', en: 'm', es: 'm' },
  MTK: { 'pt-BR': 'm²', en: 'm²', es: 'm²' },
  MTQ: { 'pt-BR': 'm³', en: 'm³', es: 'm³' },
  LTR: { 'pt-BR': 'L', en: 'L', es: 'L' },
  BX: { 'pt-BR': 'cx.', en: 'boxes', es: 'cajas' },
  XBX: { 'pt-BR': 'cx.', en: 'boxes', es: 'cajas' },
  BG: { 'pt-BR': 'sc.', en: 'bags', es: 'bolsas' },
  XBG: { 'pt-BR': 'sc.', en: 'bags', es: 'bolsas' },
};

const made = new Map<Language, Formats>();

export function formatsFor(language: Language): Formats {
  let formats = made.get(language);
  if (!formats) made.set(language, (formats = makeFormats(language)));
  return formats;
}

/** Making an Intl format takes about 50 µs and using one 1 µs, so they are made once per language and shape. */
function makeFormats(language: Language): Formats {
  const numbers = new Map<number, Intl.NumberFormat>();
  const currencies = new Map<string, Intl.NumberFormat>();
  const days = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeZone: 'UTC' });
  const lists = new Intl.ListFormat(language, { type: 'conjunction' });
  const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
  const number = (value: unknown, decimals = 3) => {
    let format = numbers.get(decimals);
    if (!format) numbers.set(decimals, (format = new Intl.NumberFormat(language, { maximumFractionDigits: decimals })));
    return format.format(decimal(value));
  };
  return {
    text,
    number,
    percent: (value) => `${number(value, 1)}${language === 'en' ? '%' : ' %'}`,
    money: (value, currency) => {
      const code = text(currency);
      let format = currencies.get(code);
      if (!format)
        currencies.set(code, (format = new Intl.NumberFormat(language, { style: 'currency', currency: code })));
      return format.format(decimal(value));
    },
    quantity: (value, unit) => `${number(value)} ${UNITS[text(unit)]?.[language] ?? text(unit)}`,
    date: (value) => days.format(new Date(text(value))),
    list: (items) => lists.format(items),
  };
}

/** Intl reads decimal text digit by digit; nothing passes through a float. */
function decimal(value: unknown): Intl.StringNumericLiteral {
  return String(value) as Intl.StringNumericLiteral;
}
