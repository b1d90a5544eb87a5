/**
 * The currencies of ISO 4217 and the digits of their minor units: list one as published by SIX on 2024-06-25 (npm package
 * currency-codes 2.2.0, MIT), with amendment 176 (XCG, 2025-03-31). Codes without a minor unit are left out, because no
 * price can be in them: metals, units of account and test codes (XAU, XDR, XTS …).
 */
import { errorTable } from './errors.js';

const errors = errorTable({ currency_unknown: ['invalid', 'This is no currency code of ISO 4217.'] });

const CODES_BY_DIGITS: readonly (readonly [digits: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF ' +
      'CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ ' +
      'GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK ' +
      'MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB ' +
      'SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN ' +
      'UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
];

const DIGITS: ReadonlyMap<string, number> = new Map(
  CODES_BY_DIGITS.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
);

/** Every code that a price may be in, in no order. */
export const CURRENCIES: readonly string[] = [...DIGITS.keys()];

export function isCurrency(code: string): boolean {
  return DIGITS.has(code);
}

/** Digits of the minor unit: 2 for BRL, 0 for JPY, 3 for KWD. Throws `currency_unknown`. */
export function minorDigits(currency: string): number {
  const digits = DIGITS.get(currency);
  if (digits === undefined) throw errors.currency_unknown({ message: `${currency} is no currency code of ISO 4217.` });
  return digits;
}
