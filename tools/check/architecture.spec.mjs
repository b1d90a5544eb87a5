// @ts-check
/**
 * ARCHITECTURE.md follows one request through the code. Each step must name a file that exists and names that stand in it, and
 * each must be connected with an earlier one by a name that stands in both files: a function, a class, a table or an event.
 */
import { existsSync, readFileSync } from 'node:fs';

const page = readFileSync('ARCHITECTURE.md', 'utf8');
const walk = page.slice(page.indexOf('## From a delivered order'), page.indexOf('## The tree'));

const steps = walk
  .split(/^\d+\. /m)
  .slice(1)
  .map((text) => text.split('\n\n')[0] ?? '')
  .map((text) => ({
    file: /\]\(([^)]+)\)/.exec(text)?.[1] ?? '',
    names: [...text.matchAll(/`([A-Za-z_]+)`/g)].map(([, name]) => name ?? ''),
  }));

const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const contains = (file, name) => new RegExp(`\\b${name}\\b`).test(textOf(file));

describe('the walk through ARCHITECTURE.md', () => {
  it('has more than ten steps, each with a file and a name', () => {
    expect(steps.length).toBeGreaterThan(10);
    for (const { file, names } of steps)
      expect({ file, isThere: existsSync(file), names }).toEqual({
        file,
        isThere: true,
        names: expect.arrayContaining([expect.any(String)]),
      });
  });

  it.each(steps)('$file contains the names that its step mentions', ({ file, names }) => {
    expect(names.filter((name) => !contains(file, name))).toEqual([]);
  });

  const transitions = steps.slice(1).map((step, index) => ({ ...step, earlier: steps.slice(0, index + 1) }));

  it.each(transitions)('an earlier step leads to $file', ({ file, names, earlier }) => {
    const connecting = earlier.flatMap((from) => [
      ...from.names.filter((name) => contains(file, name)),
      ...names.filter((name) => contains(from.file, name)),
    ]);
    expect(connecting).not.toEqual([]);
  });
});
