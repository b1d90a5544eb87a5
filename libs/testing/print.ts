/** The one way for a test to print: figures that show how much it did. Jest's own `console` adds a stack to each line. */
export function printFigures(what: string, figures?: unknown): void {
  const text = figures === undefined ? what : `${what} ${JSON.stringify(figures)}`;
  process.stderr.write(`      ${text}\n`);
}
