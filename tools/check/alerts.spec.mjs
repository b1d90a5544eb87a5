/** Every alert asks about a metric that some process has, and names a page that is there. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const folder = 'infra/monitoring';
const rules = readdirSync(folder)
  .filter((name) => name.endsWith('.rules.yml'))
  .flatMap((name) => parse(readFileSync(path.join(folder, name), 'utf8')).groups)
  .flatMap((group) => group.rules);

/** Words of a query language that are not metrics. */
const FUNCTIONS = new Set(['time', 'increase', 'rate', 'sum', 'max', 'by', 'pass']);

function sourcesOf(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) return sourcesOf(file);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts') ? [readFileSync(file, 'utf8')] : [];
  });
}

it('asks only about metrics that exist', () => {
  const source = sourcesOf('libs').join('\n');
  expect(rules.length).toBeGreaterThan(5);
  for (const { alert, expr } of rules) {
    const names = expr
      .replace(/"[^"]*"/g, '')
      .match(/[a-z_]{3,}/g)
      .filter((name) => !FUNCTIONS.has(name));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names)
      expect({ alert, name, isThere: source.includes(`'${name}'`) }).toEqual({ alert, name, isThere: true });
  }
});

it('leads to a page of the runbook for each', () => {
  for (const { alert, annotations } of rules) {
    const [file, anchor] = annotations.runbook.split('#');
    expect(anchor).toBe(alert.toLowerCase());
    expect(readFileSync(file, 'utf8')).toContain(`\n## ${alert}\n`);
  }
});
