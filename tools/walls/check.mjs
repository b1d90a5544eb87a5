/**
 * The walls and their canaries. A wall that cannot fail protects nothing: for every rule, `canaries.json` holds a forbidden
 * file that is put into a copy of the tree, and that the check must catch by that rule's name. A rule without a canary
 * fails, and so does a canary of a rule that does not exist.
 *
 *   node tools/walls/check.mjs [--canaries]
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { readGraph } from './graph.mjs';
import { loopsIn } from './loops.mjs';
import { tableViolations } from './tables.mjs';

const ROOT = path.join(import.meta.dirname, '..', '..');
const isWithCanaries = process.argv.includes('--canaries');

/** @typedef {import('./graph.mjs').Violation} Violation */
/** @typedef {{ rule: string, file: string, code: string, also?: Record<string, string> }} Canary  `also`: further files. */

/** Rules that are not in `.dependency-cruiser.cjs`. */
const OWN_RULES = ['not-in-allowed', 'no-loops-between-folders', 'one-table-one-room', 'doors-hold-no-sql'];

/** @type {Canary[]} */
const canaries = JSON.parse(readFileSync(path.join(ROOT, 'tools/walls/canaries.json'), 'utf8'));

const failures = violationsIn(ROOT).map(({ rule, from, to }) => `${rule}: ${from} → ${to}`);
if (isWithCanaries) failures.push(...rulesWithoutCanary(), ...uncaught());
if (failures.length > 0) {
  process.stdout.write(`${failures.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(`walls hold${isWithCanaries ? `; ${canaries.length} canaries caught` : ''}\n`);

/**
 * @param {string} root
 * @returns {Violation[]}
 */
function violationsIn(root) {
  const { violations, imports } = readGraph(root);
  return [...violations, ...loopsIn(imports), ...tableViolations(root)];
}

function rulesWithoutCanary() {
  const config = createRequire(import.meta.url)(path.join(ROOT, '.dependency-cruiser.cjs'));
  const rules = new Set([...config.forbidden.map((/** @type {any} */ { name }) => name), ...OWN_RULES]);
  const tried = new Set(canaries.map(({ rule }) => rule));
  return [
    ...[...rules].filter((rule) => !tried.has(rule)).map((rule) => `the rule ${rule} has no canary`),
    ...[...tried].filter((rule) => !rules.has(rule)).map((rule) => `there is no rule ${rule}, but it has a canary`),
  ];
}

/** Canaries that share no file are tried together, each round in a copy of the tree. */
function uncaught() {
  /** @type {Canary[][]} */
  const rounds = [];
  for (const canary of canaries) {
    const round = rounds.find(
      (others) => !others.some((other) => filesOf(other).some((file) => filesOf(canary).includes(file))),
    );
    if (round) round.push(canary);
    else rounds.push([canary]);
  }
  return rounds.flatMap((round) => {
    const copy = copyOfTree();
    try {
      for (const { file, code, also } of round) {
        for (const [name, text] of Object.entries({ [file]: code, ...also })) {
          mkdirSync(path.dirname(path.join(copy, name)), { recursive: true });
          writeFileSync(path.join(copy, name), `${text}\n`);
        }
      }
      const caught = violationsIn(copy);
      return round
        .filter((canary) => !caught.some(({ rule, from }) => rule === canary.rule && from === canary.file))
        .map(({ rule, file, code }) => `not caught by ${rule}: ${file}: ${code}`);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
}

function filesOf(/** @type {Canary} */ { file, also = {} }) {
  return [file, ...Object.keys(also)];
}

function copyOfTree() {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'walls-'));
  for (const entry of ['apps', 'libs', 'prisma', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    if (existsSync(path.join(ROOT, entry))) cpSync(path.join(ROOT, entry), path.join(copy, entry), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}
