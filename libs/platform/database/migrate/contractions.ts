/**
 * What in a migration takes something away, or makes it stricter, under a process of the release before, which still reads and
 * writes the old shape. Read from the text: a migration is judged before anything is run.
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
 * Each contraction as the end of a sentence that begins with the migration's name. Comments and quoted texts say nothing, the
 * bodies of functions neither: what they do, they do when they are called.
 */
export function contractionsIn(script: string): string[] {
  const statements = script
    .replace(/--[^\n]*|\/\*[^]*?\*\//g, ' ')
    .replace(/(\$\w*\$)[^]*?\1/g, "''")
    .replace(/'(?:[^']|'')*'/g, "''");
  return CONTRACTIONS.filter(([pattern]) => pattern.test(statements)).map(([, says]) => says);
}
