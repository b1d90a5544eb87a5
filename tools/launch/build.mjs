/**
 * Installs the dependencies of a fresh clone, then builds. Each step writes a stamp of its inputs, so a second start
 * skips both.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { readJson, root, writeJson } from './places.mjs';
import { Refusal, say } from './say.mjs';

const OLDEST_NODE = [20, 19];
const SOURCES = [
  'apps',
  'libs',
  'prisma',
  'tools/build',
  'tools/gen/contracts.mjs',
  'tools/gen/doors.mjs',
  'tools/gen/registers.mjs',
  'tools/prisma/tables.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  const isEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (!isEnough) throw new Refusal(`Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${version}.`);
}

export function install() {
  const stamp = path.join(root, 'node_modules', '.basecommerce-installed.json');
  const lock = hashOf([path.join(root, 'package-lock.json')]);
  if (readJson(stamp)?.lock === lock) return;
  say('installing dependencies (once; a minute or two)');
  // Not `npm ci`: it refuses a lockfile that lacks another platform's optional binaries, which a registry may not carry.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  writeJson(stamp, { lock });
}

/** Compiles when a source has changed; returns whether it did. */
export function build() {
  const stamp = path.join(root, 'dist', '.built.json');
  if (readJson(stamp)?.sources === sourcesHash()) return false;
  say('building');
  rmSync(stamp, { force: true });
  // A room that was added or changed since: the lists of all rooms are part of the sources.
  run(process.execPath, ['tools/gen/registers.mjs']);
  const sources = sourcesHash();
  generate();
  for (const [script, command] of buildSteps()) {
    if (script === undefined || hasScript(script)) run(...command);
  }
  writeJson(stamp, { sources });
  return true;
}

/** Prisma's client and the row types, when the models have changed: the compiler reads them. */
export function generate() {
  if (!hasScript('prisma:generate')) return;
  const stamp = path.join(root, 'libs', 'platform', 'database', 'prisma-client', '.generated.json');
  const made = ['prisma/schema', 'tools/prisma/tables.mjs', 'package-lock.json'];
  const models = hashOf(filesOf(made.map((name) => path.join(root, name))));
  if (readJson(stamp)?.models === models) return;
  run('npm', ['run', '-s', 'prisma:generate']);
  writeJson(stamp, { models });
}

function sourcesHash() {
  return hashOf(filesOf(SOURCES.map((name) => path.join(root, name))));
}

/** The benchmarks and the scores of libs/testing that they print. They are no part of the product, so they compile apart. */
export function buildBench() {
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.bench.json']);
}

/** @returns {[script: string | undefined, command: [program: string, args: string[]]][]} */
function buildSteps() {
  return [
    [undefined, [process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']]],
    ['build:public', ['npm', ['run', '-s', 'build:public']]],
  ];
}

function hasScript(name) {
  return Boolean(readJson(path.join(root, 'package.json')).scripts[name]);
}

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0)
    throw new Refusal(`${command} ${args.join(' ')} failed (${result.error?.message ?? `exit ${result.status}`})`);
}

function filesOf(entries) {
  return entries.flatMap((entry) => {
    if (!existsSync(entry)) return [];
    if (!statSync(entry).isDirectory()) return [entry];
    return filesOf(
      readdirSync(entry)
        .filter((name) => name !== 'prisma-client' && name !== 'node_modules')
        .sort()
        .map((name) => path.join(entry, name)),
    );
  });
}

/** By content, not by time: a fresh checkout of the same sources needs no rebuild. */
function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

if (process.argv[1] === import.meta.filename) {
  install();
  build();
}
