/** `npm run mutants` runs the mutants; this cheap test checks each time that their places still exist. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MUTANTS } from './mutants.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');

it('finds the place of every mutant in the code exactly once', () => {
  const places = MUTANTS.flatMap(({ name, file, find, also = [] }) =>
    [[file, find], ...also].map(([where, text]) => ({ name, where, text })),
  );
  const lost = places.filter(
    ({ where, text }) => readFileSync(path.join(ROOT, where), 'utf8').split(text).length !== 2,
  );
  expect(lost.map(({ name }) => name)).toEqual([]);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(40);
});
