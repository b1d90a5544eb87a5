/**
 * Finds the statements of a migration that remove something or make it stricter while processes of the previous release
 * still read and write the old schema. It reads the text, because it must decide before anything runs.
 */
const CONTRACTIONS: readonly (readonly [RegExp, says: string])[] = [
  [/\bdrop\s+(table|column|view|materialized\s+view|schema|type|function|procedure)\b/i, 'drops something'],
  [/\balter\s+table\b[^;]*\brename\b/i, 'renames something'],
  [
    /\balter\s+(column\s+)?\S+\s+(set\s+data\s+)?type\b/i,
    'changes a type, which rewrites the table under its strongest lock',
  ],
  [/\balter\s+column\s+\S+\s+set\s+not\s+null\b/i, 'forbids null where the old release may still write it'],
  [
    /\badd\s+column\b(?=[^,;]*\bnot\s+null\b)(?![^,;]*\b(default|generated)\b)/i,
    'demands a column that the old release does not write; give it a default',
  ],
  [/\btruncate\b/i, 'empties a table'],
];

/**
 * Each contraction as the end of a sentence that begins with the migration's name. Comments, quoted texts and the
 * bodies of functions do not count: a function acts only when it is called.
 */
export function contractionsIn(script: string): string[] {
  const statements = script
    .replace(/--[^\n]*|\/\*[^]*?\*\//g, ' ')
    .replace(/(\$\w*\$)[^]*?\1/g, "''")
    .replace(/'(?:[^']|'')*'/g, "''");
  return CONTRACTIONS.filter(([pattern]) => pattern.test(statements)).map(([, says]) => says);
}
