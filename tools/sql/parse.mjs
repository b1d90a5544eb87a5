// @ts-check
/** SQL texts as syntax trees, by PostgreSQL's own parser (libpg-query, compiled to WebAssembly). */
import { loadModule, parseSync } from 'libpg-query';
import { GAP } from './sources.mjs';

/** @typedef {Record<string, any>} Node a node of PostgreSQL's parse tree: `{ SelectStmt: { … } }` */

/** What a gap may stand for: a name, an expression or nothing. */
const FORMS = [(/** @type {number} */ n) => `gap_${n}`, () => '$99', () => ''];
const MOST_READINGS = 729;

await loadModule();

/**
 * The statements of a text; undefined when no reading of its gaps is SQL.
 * @param {string} text
 * @returns {Node[] | undefined}
 */
export function parse(text) {
  const gaps = [...text.matchAll(GAP)].length;
  // A text that is only a gap would be read as empty.
  if (text.replace(GAP, '').trim() === '') return undefined;
  for (let reading = 0; reading < Math.min(FORMS.length ** gaps, MOST_READINGS); reading++) {
    const filled = text.replace(GAP, (_, number) => {
      const form = FORMS[Math.floor(reading / FORMS.length ** (Number(number) - 1)) % FORMS.length];
      return form?.(Number(number)) ?? '';
    });
    try {
      return /** @type {any[]} */ (parseSync(filled).stmts ?? []).map(({ stmt }) => stmt);
    } catch {
      // The next reading may be SQL.
    }
  }
  return undefined;
}

/** A table whose name is only known at run time. */
export const isGap = (/** @type {string} */ name) => /^gap_\d+$/.test(name);
