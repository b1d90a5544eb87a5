/** What imports what, and which of the rules in `.dependency-cruiser.cjs` that breaks. */
import path from 'node:path';
import { spawnSync } from 'node:child_process';

const ROOT = path.join(import.meta.dirname, '..', '..');
const WHERE = ['apps', 'libs', 'prisma/seed'];
const TESTS = /\.spec\.ts$/;

/**
 * @typedef {{ rule: string, from: string, to: string }} Violation
 * @typedef {{ from: string, to: string }} Import  Files of ours, relative to the root of the tree; tests left out.
 */

/**
 * @param {string} root  The tree to read; it holds its own `.dependency-cruiser.cjs`.
 * @returns {{ violations: Violation[], imports: Import[] }}
 */
export function readGraph(root) {
  const program = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [program, ...WHERE, '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 256 << 20 });
  if (!result.stdout.startsWith('{')) throw new Error(result.stderr || result.stdout);
  const { modules, summary } = JSON.parse(result.stdout);
  return { violations: summary.violations.map(plain), imports: modules.flatMap(importsOf) };
}

/** @returns {Violation} */
const plain = (/** @type {any} */ { rule, from, to }) => ({ rule: rule.name, from, to });

/** @returns {Import[]} */
function importsOf(/** @type {any} */ { source, dependencies }) {
  if (TESTS.test(source)) return [];
  return dependencies
    .filter((/** @type {any} */ { resolved }) => WHERE.some((folder) => resolved.startsWith(`${folder}/`)))
    .map((/** @type {any} */ { resolved }) => ({ from: source, to: resolved }));
}
