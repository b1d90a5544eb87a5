/** Redis 7 or newer: one on the PATH (or Valkey), else Debian's package unpacked into the cache. */
import { mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { hasApt, libraryPath, unpackedPackages } from './debian.mjs';
import { within } from './places.mjs';
import { freePort, listening, output } from './processes.mjs';
import { Refusal } from './say.mjs';

const OLDEST = 7;

/** `Redis server v=7.0.15 sha=…` → 7. */
export function majorVersion(text) {
  return Number(/v=(\d+)\./.exec(text ?? '')?.[1] ?? 0);
}

export function findRedis() {
  for (const command of ['redis-server', 'valkey-server']) {
    if (majorVersion(output(command, ['--version'])) >= OLDEST)
      return { command, env: {}, from: `${command} on the PATH` };
  }
  if (hasApt) {
    const files = unpackedPackages('redis', ['redis-server', 'redis-tools']);
    const found = {
      // redis-server is a link to the same program under another name, which reads its role from argv[0].
      command: path.join(files, 'usr/bin/redis-check-rdb'),
      argv0: 'redis-server',
      env: { LD_LIBRARY_PATH: libraryPath(files) },
      from: "Debian's redis-server",
    };
    const version = output(found.command, ['--version'], { argv0: found.argv0, env: { ...process.env, ...found.env } });
    if (majorVersion(version) >= OLDEST) return found;
  }
  const hint = process.platform === 'darwin' ? 'brew install redis' : 'apt-get install redis-server';
  throw new Refusal(`Redis ${OLDEST} or newer was not found. Install it (for example: ${hint}) or set REDIS_URL.`);
}

/** `port`: the port at which a killed server is started again. */
export async function startRedis({ data, logFile, port: wanted }) {
  const server = findRedis();
  mkdirSync(data, { recursive: true });
  const port = wanted ?? (await freePort());
  const log = openSync(within(logFile), 'a');
  const args = [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--dir',
    data,
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
  ].map(String);
  const child = spawn(server.command, args, {
    argv0: server.argv0 ?? server.command,
    env: { ...process.env, ...server.env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  child.unref();
  await listening(port, child, 'Redis', logFile);
  return { pid: child.pid, port, url: `redis://127.0.0.1:${port}`, from: server.from };
}
