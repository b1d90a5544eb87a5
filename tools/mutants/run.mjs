// @ts-check
/**
 * `npm run mutants`: applies each mutant to a copy of the tree, one at a time, and runs the tests that should catch it.
 * It is caught only by a failed assertion (verdict.mjs). A surviving mutant is a gap in the tests; one without a place
 * in the code or one that does not compile is an error of the list. Both fail. `--only WORDS` tries the mutants whose
 * names contain them; `--only 'WORDS|OTHERS'` those that contain either.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import { build, install } from '../launch/build.mjs';
import { copyOfTree } from '../launch/copy.mjs';
import { dataDir, readJson } from '../launch/places.mjs';
import { main, Refusal, say } from '../launch/say.mjs';
import { startServers, stopServers } from '../launch/servers.mjs';
import { Compiler } from './compiler.mjs';
import { MUTANTS } from './mutants.mjs';
import { verdictOf } from './verdict.mjs';

/** Ends a run in which a mutant caused an endless wait. Such a run has not caught it. */
const LIMIT_MS = 600_000;
const HEALTHY_LIMIT_MS = 3_600_000;
const SHOWN = 300;

/** @typedef {import('./mutants.mjs').Mutant} Mutant */

await main(async () => {
  install();
  build();
  const words = process.argv[process.argv.indexOf('--only') + 1] ?? '';
  /** @type {readonly Mutant[]} */
  const chosen = process.argv.includes('--only')
    ? MUTANTS.filter(({ name }) => words.split('|').some((each) => name.includes(each)))
    : MUTANTS;
  if (chosen.length === 0) throw new Refusal(`no mutant is named like ${words}`);
  const wasRunning = readJson(path.join(dataDir, 'test-servers.json')) !== undefined;
  const { databaseUrl, redisUrl } = await startServers('test');
  const copy = copyOfTree('mutants');
  const environment = { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl };
  const holes = [];
  try {
    const compiler = new Compiler(copy);
    const faults = compiler.compile();
    if (faults.length > 0)
      throw new Refusal(`the tree does not compile before anything is broken:\n${faults.join('\n')}`);
    // A test that fails without any mutant would seem to catch all of them.
    const all = [...new Set(chosen.flatMap(({ tests }) => tests))];
    const healthy = verdictOf(jest(copy, all, environment, HEALTHY_LIMIT_MS));
    if (healthy.outcome !== 'survived')
      throw new Refusal(`the tests fail before anything is broken: ${healthy.by.slice(0, 2_000)}`);
    say('the tests pass on the unbroken tree');
    for (const mutant of chosen) {
      const startedAt = performance.now();
      const { outcome, by } = tryOut(copy, compiler, mutant, environment);
      await requireServer(databaseUrl, mutant);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      if (outcome !== 'caught') holes.push(`${mutant.name} (${outcome}; ${by.slice(0, SHOWN)})`);
      say(`${outcome.padEnd(12)} ${mutant.name} (${seconds} s)${outcome === 'caught' ? `: ${by.slice(0, 100)}` : ''}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
    if (!wasRunning) await stopServers('test', { forget: true });
  }
  process.stdout.write(`\n${chosen.length - holes.length} of ${chosen.length} mutants caught by a failed assertion\n`);
  if (holes.length > 0) throw new Refusal(`not caught:\n${holes.join('\n')}`);
});

/**
 * @param {string} copy
 * @param {Compiler} compiler
 * @param {Mutant} mutant
 * @param {Record<string, string>} environment
 */
function tryOut(copy, compiler, mutant, environment) {
  const edits = [[mutant.file, mutant.find, mutant.replace], ...(mutant.also ?? [])];
  const originals = new Map(edits.map(([file]) => [file, readFileSync(path.join(copy, String(file)), 'utf8')]));
  try {
    for (const [file = '', find = '', replace = ''] of edits) {
      const text = readFileSync(path.join(copy, file), 'utf8');
      if (text.split(find).length !== 2)
        throw new Refusal(`${mutant.name}: its place in ${file} is gone; the mutant must follow the code`);
      writeFileSync(
        path.join(copy, file),
        text.replace(find, () => replace),
      );
    }
    // Processes under test run from the build, so the build carries the mutant as well.
    const faults = compiler.compile();
    if (faults.length > 0) throw new Refusal(`${mutant.name} does not compile:\n${faults.join('\n')}`);
    return verdictOf(jest(copy, mutant.tests, environment));
  } finally {
    for (const [file, text] of originals) writeFileSync(path.join(copy, String(file)), text);
  }
}

/**
 * A server that died explains any failure, so a failed test says nothing about the mutant then.
 * @param {string} url
 * @param {Mutant} mutant
 */
async function requireServer(url, mutant) {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query('select');
  } catch (error) {
    throw new Refusal(`${mutant.name}: PostgreSQL does not answer after its run: ${error}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * @param {string} copy
 * @param {string[]} tests
 * @param {Record<string, string>} environment
 */
function jest(copy, tests, environment, limitMs = LIMIT_MS) {
  const report = path.join(copy, 'mutant-report.json');
  rmSync(report, { force: true });
  const flags = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  // Not --bail: it ends jest before the report is written.
  const args = [...flags, '--no-color', '--json', `--outputFile=${report}`, ...tests];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    env: { ...process.env, ...environment, NODE_ENV: 'test', FORCE_COLOR: '0' },
    encoding: 'utf8',
    timeout: limitMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (/No tests found/.test(stdout + stderr)) throw new Refusal(`its tests are gone: ${tests.join(', ')}`);
  return status === null ? undefined : readJson(report);
}
