/**
 * `npm test`: every test against real PostgreSQL, Redis and Nginx. Servers of its own are stopped at the end; those of
 * `npm run servers` are used and left running. Arguments go to jest.
 */
import path from 'node:path';
import { rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { build, checkNode, install } from './build.mjs';
import { dataDir, readJson, root } from './places.mjs';
import { main, say } from './say.mjs';
import { startServers, stopServers } from './servers.mjs';

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
  });
  const results = readJson(report);
  rmSync(report, { force: true });
  if (!wasRunning) await stopServers('test', { forget: true });
  const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = results ?? {};
  const failedFiles =
    results?.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length ?? 1;
  say('done');
  process.stdout.write(`\n${passed} passed, ${failed + failedFiles} failed${skipped ? `, ${skipped} skipped` : ''}\n`);
  process.exitCode = code === 0 && failed + failedFiles === 0 ? 0 : 1;
});

function jest(report, environment) {
  const args = [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ];
  // jest's JSON also goes to stdout with --json; the file is enough, so stdout is dropped and the report lines come by stderr.
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...environment, NODE_ENV: 'test' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
