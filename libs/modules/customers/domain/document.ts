/**
 * Brazilian tax numbers. Both end in two check digits, each a weighted sum modulo 11 over the characters before it.
 * Since July 2026 a CNPJ may hold letters (Receita Federal, IN RFB 2.229/2024): a character counts as its ASCII code
 * minus 48, which leaves digits as they were.
 */
export type CustomerKind = 'person' | 'company';

const CPF = /^\d{11}$/;
const CNPJ = /^[0-9A-Z]{12}\d{2}$/;
const ASCII_ZERO = 48;

/** Strips punctuation and checks; undefined when the number cannot be right. */
export function parseDocument(kind: CustomerKind, text: string): string | undefined {
  const plain = text.toUpperCase().replace(/[.\-/\s]/g, '');
  const isValid = kind === 'person' ? isCpf(plain) : isCnpj(plain);
  return isValid ? plain : undefined;
}

function isCpf(plain: string): boolean {
  // A number of eleven equal digits has correct check digits, but is never issued.
  if (!CPF.test(plain) || /^(\d)\1+$/.test(plain)) return false;
  return [9, 10].every(
    (length) => checkDigit(plain.slice(0, length), (fromEnd) => fromEnd + 2) === Number(plain[length]),
  );
}

function isCnpj(plain: string): boolean {
  if (!CNPJ.test(plain) || /^(\d)\1+$/.test(plain)) return false;
  return [12, 13].every(
    (length) => checkDigit(plain.slice(0, length), (fromEnd) => (fromEnd % 8) + 2) === Number(plain[length]),
  );
}

function checkDigit(body: string, weight: (fromEnd: number) => number): number {
  const sum = [...body].reduce(
    (total, character, index) => total + (character.charCodeAt(0) - ASCII_ZERO) * weight(body.length - 1 - index),
    0,
  );
  const rest = sum % 11;
  return rest < 2 ? 0 : 11 - rest;
}
