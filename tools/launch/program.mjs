/**
 * The common part of the commands in bin/: it builds if there is no build. In development it finds the running system
 * by the file that `npm start` wrote, so a command in another terminal needs no variables.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { dataDir, readJson, root } from './places.mjs';
import { isAlive } from './processes.mjs';

/** sysexits.h: the configuration is wrong. */
const EX_CONFIG = 78;

export async function runProgram(name, program) {
  const file = path.join(root, program);
  if (!existsSync(file)) {
    const { build, install } = await import('./build.mjs');
    install();
    build();
  }
  adoptRunningSystem(name);
  await import(pathToFileURL(file).href);
}

function adoptRunningSystem(name) {
  const asksForHelp = process.argv.slice(2).some((word) => word === '--help' || word === '-h' || word === 'help');
  if (process.env.DATABASE_URL || asksForHelp) return;
  const running = readJson(path.join(dataDir, 'run.json'));
  if (!running?.pid || !isAlive(running.pid)) {
    process.stderr.write(
      `${name}: nothing is running here. Run npm start in another terminal, or set DATABASE_URL and REDIS_URL.\n`,
    );
    process.exit(EX_CONFIG);
  }
  process.env.NODE_ENV ??= 'development';
  Object.assign(process.env, {
    DATABASE_URL: running.databaseUrl,
    REDIS_URL: running.redisUrl,
    ...readJson(path.join(dataDir, 'secrets.json')),
  });
}
