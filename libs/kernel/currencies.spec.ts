import { data as iso } from 'currency-codes';
import { CURRENCIES, isCurrency, minorDigits } from './currencies.js';

/** Codes without a minor unit in the published list; the package gives them zero digits. */
const WITHOUT_MINOR_UNIT = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ');
/** Added after the list that the package carries: amendment 176, in force since 2025-03-31. */
const ADDED_SINCE = ['XCG'];

/**
 * Unicode's data (CLDR) counts the digits that people write, and writes none where coins of the minor unit are out of use;
 * ISO 4217 counts the digits that exist. Accounts and payments follow ISO.
 */
const WRITTEN_WITHOUT_DIGITS = 'AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR SOS SYP YER'.split(' ');

const digitsOfIntl = (currency: string) =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;

describe('the currencies', () => {
  it('are those of the published list that have a minor unit, with its digits', () => {
    const published = iso
      .filter(({ code }) => !WITHOUT_MINOR_UNIT.includes(code))
      .map(({ code, digits }) => [code, digits]);
    const ours = CURRENCIES.filter((code) => !ADDED_SINCE.includes(code)).map((code) => [code, minorDigits(code)]);
    expect(ours.sort()).toEqual(published.sort());
    expect(WITHOUT_MINOR_UNIT.filter((code) => !iso.some((entry) => entry.code === code))).toEqual([]);
    expect(ADDED_SINCE.map(minorDigits)).toEqual([2]);
  });

  it('have the digits that Intl knows, except for those that people write without', () => {
    const known = new Set(Intl.supportedValuesOf('currency'));
    const different = CURRENCIES.filter((code) => known.has(code) && digitsOfIntl(code) !== minorDigits(code));
    expect(different.filter((code) => !WRITTEN_WITHOUT_DIGITS.includes(code))).toEqual([]);
    expect(different.map(digitsOfIntl).filter((digits) => digits !== 0)).toEqual([]);
  });

  it.each(['XXX', 'XAU', 'ABC', 'brl', 'DEM', ''])('do not include %j, whose digits are not guessed', (code) => {
    expect(isCurrency(code)).toBe(false);
    expect(() => minorDigits(code)).toThrow(expect.objectContaining({ code: 'currency_unknown' }));
  });

  it.each([
    ['BRL', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['VND', 0],
    ['KWD', 3],
    ['BHD', 3],
    ['CLF', 4],
  ])('know %s with %i digits', (code, digits) => expect(minorDigits(code)).toBe(digits));
});
