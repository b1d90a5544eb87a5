/**
 * `npm run mutants`: applies each mutant to a copy of the tree, one at a time, and runs the tests that should catch it. A
 * mutant that survives is a hole in the tests; one that cannot be applied has outlived the code it was about. Both fail.
 * `--only WORDS` tries the mutants whose names contain them.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { build, install } from '../launch/build.mjs';
import { copyOfTree } from '../launch/copy.mjs';
import { dataDir, readJson } from '../launch/places.mjs';
import { main, Refusal, say } from '../launch/say.mjs';
import { startServers, stopServers } from '../launch/servers.mjs';
import { MUTANTS } from './mutants.mjs';

const LIMIT_MS = 300_000;

await main(async () => {
  install();
  build();
  const words = process.argv[process.argv.indexOf('--only') + 1];
  const chosen = process.argv.includes('--only') ? MUTANTS.filter((mutant) => mutant.name.includes(words)) : MUTANTS;
  if (chosen.length === 0) throw new Refusal(`no mutant is named like ${words}`);
  const wasRunning = readJson(path.join(dataDir, 'test-servers.json')) !== undefined;
  const { databaseUrl, redisUrl } = await startServers('test');
  const copy = copyOfTree('mutants');
  const survivors = [];
  try {
    // A test that fails without any mutant would seem to catch all of them.
    const healthy = jest(copy, [...new Set(chosen.flatMap((mutant) => mutant.tests))], {
      TEST_DATABASE_URL: databaseUrl,
      TEST_REDIS_URL: redisUrl,
    });
    if (healthy.status !== 0)
      throw new Refusal(`the tests fail before anything is broken:\n${healthy.stderr.slice(-2_000)}`);
    say('the tests pass on the unbroken tree');
    for (const mutant of chosen) {
      const startedAt = performance.now();
      const isCaught = isCaughtIn(copy, mutant, { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl });
      if (!isCaught) survivors.push(mutant.name);
      say(
        `${isCaught ? 'caught   ' : 'SURVIVED '} ${mutant.name} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`,
      );
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
    if (!wasRunning) await stopServers('test', { forget: true });
  }
  process.stdout.write(`\n${chosen.length - survivors.length} of ${chosen.length} mutants caught\n`);
  if (survivors.length > 0) throw new Refusal(`survived: ${survivors.join(', ')}`);
});

function isCaughtIn(copy, mutant, environment) {
  const edits = [[mutant.file, mutant.find, mutant.replace], ...(mutant.also ?? [])];
  const originals = new Map(edits.map(([file]) => [file, readFileSync(path.join(copy, file), 'utf8')]));
  for (const [file, find, replace] of edits) {
    const text = readFileSync(path.join(copy, file), 'utf8');
    if (text.split(find).length !== 2)
      throw new Refusal(`${mutant.name}: its place in ${file} is gone; the mutant must follow the code`);
    writeFileSync(
      path.join(copy, file),
      text.replace(find, () => replace),
    );
  }
  try {
    // Processes under test run from the build, so the build carries the mutant, too.
    const compiled = spawnSync(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '-p', path.join(copy, 'tsconfig.build.json')],
      { cwd: copy },
    );
    if (compiled.status !== 0 && compiled.stdout.length > 0 && !existsSync(path.join(copy, 'dist')))
      throw new Refusal(`${mutant.name} does not compile`);
    const result = jest(copy, mutant.tests, environment);
    if (/No tests found/.test(result.stdout + result.stderr)) throw new Refusal(`${mutant.name}: its tests are gone`);
    return result.status !== 0;
  } finally {
    for (const [file, text] of originals) writeFileSync(path.join(copy, file), text);
  }
}

function jest(copy, tests, environment) {
  const args = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--bail', ...tests];
  const env = { ...process.env, ...environment, NODE_ENV: 'test' };
  return spawnSync(process.execPath, args, {
    cwd: copy,
    env,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
}
