/**
 * Splits a script into statements. This is needed only outside a transaction: PostgreSQL runs a text of several
 * statements as one transaction, and CREATE INDEX CONCURRENTLY refuses to be in one.
 */
const OPENING = /--[^\n]*|\/\*|'|"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|;/g;

export function statementsOf(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let position = 0;
  for (;;) {
    OPENING.lastIndex = position;
    const found = OPENING.exec(script);
    if (!found) break;
    const end = OPENING.lastIndex;
    if (found[0] === ';') {
      statements.push(script.slice(start, end - 1));
      start = position = end;
    } else {
      position = endOf(script, found[0], found.index, end);
    }
  }
  statements.push(script.slice(start));
  return statements.map((statement) => statement.trim()).filter((statement) => !isBlank(statement));
}

/** The end of the comment, quoted text or name that `token` opens at `from`. */
function endOf(script: string, token: string, from: number, end: number): number {
  if (token.startsWith('--')) return end;
  if (token === '/*') return endOfComment(script, end);
  if (token === "'" && /[eE]/.test(script[from - 1] ?? '') && !/\w/.test(script[from - 2] ?? ''))
    return endOfEscaped(script, end);
  // A doubled quote closes the text and opens it again, with the same result.
  return after(script, token, end);
}

function endOfComment(script: string, end: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = end;
  for (let depth = 1; depth > 0;) {
    const found = edge.exec(script);
    if (!found) return script.length;
    depth += found[0] === '/*' ? 1 : -1;
  }
  return edge.lastIndex;
}

function endOfEscaped(script: string, end: number): number {
  const closing = /\\[^]|'/g;
  closing.lastIndex = end;
  for (let found = closing.exec(script); found; found = closing.exec(script)) {
    if (found[0] === "'") return closing.lastIndex;
  }
  return script.length;
}

function after(script: string, token: string, end: number): number {
  const closing = script.indexOf(token, end);
  return closing === -1 ? script.length : closing + token.length;
}

function isBlank(statement: string): boolean {
  return statement.replace(/--[^\n]*|\/\*[^]*?\*\//g, '').trim() === '';
}
