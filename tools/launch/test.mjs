// @ts-check
/**
 * `npm test`: every test against real PostgreSQL, Redis and Nginx. Servers of its own are stopped at the end; those of
 * `npm run servers` are used and left running. `--long` plays the full samples, `--write-durations` writes the measured
 * durations for the order of the files; other arguments go to jest.
 */
import path from 'node:path';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { build, checkNode, install } from './build.mjs';
import { dataDir, readJson, root } from './places.mjs';
import { main, say } from './say.mjs';
import { startServers, stopServers } from './servers.mjs';
import { DURATIONS_FILE } from './test-order.mjs';

const SHOWN = 20;
/** Shorter files are not worth a line: their order does not matter. */
const COMMITTED_FROM_SECONDS = 2;

/**
 * @typedef {{ name: string, status: string, startTime: number, endTime: number, assertionResults: unknown[] }} FileResult
 * @typedef {{ numPassedTests?: number, numFailedTests?: number, numPendingTests?: number, testResults: FileResult[] }} Results
 */

const own = new Set(['--long', '--write-durations']);
const asked = process.argv.slice(2);
const isLong = asked.includes('--long');
const jestArguments = asked.filter((argument) => !own.has(argument));

await main(async () => {
  checkNode();
  install();
  build();
  const { nginxBinary } = await import('./nginx.mjs');
  const wasRunning = readJson(path.join(dataDir, 'test-servers.json')) !== undefined;
  const { databaseUrl, redisUrl } = await startServers('test');
  const report = path.join(dataDir, `jest-${process.pid}.json`);
  const code = await jest(report, {
    TEST_DATABASE_URL: databaseUrl,
    TEST_REDIS_URL: redisUrl,
    NGINX_BIN: nginxBinary(),
    ...(isLong ? { TEST_SAMPLES: 'full' } : {}),
  });
  /** @type {Results | undefined} */
  const results = readJson(report);
  rmSync(report, { force: true });
  if (!wasRunning) await stopServers('test', { forget: true });
  const files = results?.testResults ?? [];
  const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = results ?? {};
  // A file that does not load has no failed test of its own.
  const brokenFiles = results
    ? files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
    : 1;
  if (files.length > 1) printSlowest(files);
  if (asked.includes('--write-durations')) writeDurations(files);
  say('done');
  process.stdout.write(`\n${passed} passed, ${failed + brokenFiles} failed${skipped ? `, ${skipped} skipped` : ''}\n`);
  process.exitCode = code === 0 && failed + brokenFiles === 0 ? 0 : 1;
});

/** @param {FileResult} file */
function secondsOf({ startTime, endTime }) {
  return (endTime - startTime) / 1_000;
}

/** @param {FileResult[]} files */
function slowestFirst(files) {
  return [...files].sort((a, b) => secondsOf(b) - secondsOf(a));
}

/** @param {FileResult} file */
function placeOf({ name }) {
  return path.relative(root, name);
}

/** @param {FileResult[]} files */
function printSlowest(files) {
  const all = files.reduce((sum, file) => sum + secondsOf(file), 0);
  process.stdout.write(`\nthe slowest of ${files.length} files, ${Math.round(all)} s together:\n`);
  for (const file of slowestFirst(files).slice(0, SHOWN))
    process.stdout.write(`${secondsOf(file).toFixed(1).padStart(7)} s  ${placeOf(file)}\n`);
}

/** Files that did not run keep their durations. @param {FileResult[]} files */
function writeDurations(files) {
  const known = JSON.parse(readFileSync(DURATIONS_FILE, 'utf8'));
  for (const file of files) known[placeOf(file)] = Math.round(secondsOf(file));
  const kept = Object.entries(known).filter(([, seconds]) => seconds >= COMMITTED_FROM_SECONDS);
  const sorted = kept.sort(([a, fewer], [b, more]) => more - fewer || (a < b ? -1 : 1));
  writeFileSync(DURATIONS_FILE, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

/**
 * @param {string} report
 * @param {Record<string, string>} environment
 * @returns {Promise<number>}
 */
function jest(report, environment) {
  const args = [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--json',
    `--outputFile=${report}`,
    ...jestArguments,
  ];
  // jest's JSON also goes to stdout with --json; the file is enough, so stdout is dropped and the report lines come by stderr.
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...environment, NODE_ENV: 'test' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
