/**
 * Writes the generated files, which are committed. Each entry writes its files; with --check each prints the
 * differences instead, and the exit code is 1 if there are any.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { install, build } from '../launch/build.mjs';
import { dataDir, readJson } from '../launch/places.mjs';
import { startServers, stopServers } from '../launch/servers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const isChecking = process.argv.includes('--check');

/** In this order: the structure is read from a migrated database, the models from the structure. */
const ENTRIES = [
  { name: 'prisma/schema', script: 'tools/prisma/models.mjs' },
  { name: 'prisma/structure.sql', script: 'tools/prisma/structure.mjs' },
  { name: 'docs/reference', script: 'tools/gen/reference.mjs' },
  { name: 'docs/reference/state-machines.md', script: 'tools/gen/state-machines.mjs' },
];

install();
// Before the build, which brings these lists up to date by itself.
const registers = spawnSync(process.execPath, ['tools/gen/registers.mjs', ...(isChecking ? ['--check'] : [])], {
  cwd: root,
  stdio: 'inherit',
});
if (registers.status !== 0) process.exit(1);
build();
const wasRunning = readJson(path.join(dataDir, 'test-servers.json')) !== undefined;
const { databaseUrl, redisUrl } = await startServers('test');
const stale = ENTRIES.filter(({ name, script }) => {
  const result = spawnSync(process.execPath, [script, ...(isChecking ? ['--check'] : [])], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl },
  });
  if (result.status !== 0)
    process.stdout.write(`${name}: ${(result.stdout + result.stderr).trim() || 'not fresh; run npm run gen'}\n`);
  return result.status !== 0;
});
if (!wasRunning) await stopServers('test', { forget: true });
process.exitCode = stale.length > 0 ? 1 : 0;
