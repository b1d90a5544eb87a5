/**
 * PostgreSQL and Redis for one purpose (`dev` keeps its data; `test` is fast and keeps none; `bench` is durable and
 * keeps none). A file records them, so that the next start finds running servers and starts none twice.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { dataDir, readJson, writeJson } from './places.mjs';
import { isAlive, isListening, stopProcess } from './processes.mjs';
import { say } from './say.mjs';

const SETTINGS = {
  dev: { max_connections: 200 },
  // A test database may be lost with the machine, so no write waits for the disk.
  test: {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: 400,
    shared_buffers: '256MB',
    log_lock_waits: 'on',
  },
  // Durable as in production; no checkpoint falls into one round and not into the next.
  bench: { max_connections: 200, shared_buffers: '512MB', max_wal_size: '8GB', checkpoint_timeout: '30min' },
};

function memory(purpose) {
  return path.join(dataDir, `${purpose}-servers.json`);
}

/** `port` is set when a server that ended starts again at the port of its clients. */
const STARTS = {
  async postgres(purpose, port) {
    const { startPostgres } = await import('./postgres.mjs');
    return startPostgres({ ...placeOf('postgres', purpose), settings: SETTINGS[purpose], port });
  },
  async redis(purpose, port) {
    const { startRedis } = await import('./redis.mjs');
    return startRedis({ ...placeOf('redis', purpose), port });
  },
};
const TITLES = { postgres: 'PostgreSQL', redis: 'Redis' };
const WATCH_MS = 300;

function placeOf(name, purpose) {
  const home = path.join(dataDir, purpose);
  return { data: path.join(home, name), logFile: path.join(home, `${name}.log`) };
}

/** Starts what is not running yet. `DATABASE_URL` and `REDIS_URL`, when set, are used as they are. */
export async function startServers(purpose) {
  const known = readJson(memory(purpose)) ?? {};
  const there = {
    postgres: given(process.env.DATABASE_URL) ?? (await running(known.postgres)),
    redis: given(process.env.REDIS_URL) ?? (await running(known.redis)),
  };
  const [postgres, redis] = await bothOrNeither([
    there.postgres ?? starting('postgres', purpose),
    there.redis ?? starting('redis', purpose),
  ]);
  writeJson(memory(purpose), { postgres, redis, databaseUrl: postgres.url, redisUrl: redis.url });
  return { postgres, redis, databaseUrl: postgres.url, redisUrl: redis.url };
}

/** Starts servers of `startServers` again when they have ended; returns a function that stops this. */
export function keepServers(purpose) {
  const busy = new Set();
  const timer = setInterval(() => {
    const known = readJson(memory(purpose)) ?? {};
    for (const name of Object.keys(STARTS)) {
      const server = known[name];
      if (!server?.pid || isAlive(server.pid) || busy.has(name)) continue;
      busy.add(name);
      say(`${TITLES[name]} ended; starting it again`);
      // PostgreSQL's children may take a moment longer to end than itself; until then a new one refuses.
      starting(name, purpose, server.port)
        .then((started) => writeJson(memory(purpose), { ...readJson(memory(purpose)), [name]: started }))
        .catch((error) => say(error.message))
        .finally(() => busy.delete(name));
    }
  }, WATCH_MS);
  return () => clearInterval(timer);
}

/** Stops what `startServers` started; servers given by URL are not ours to stop. */
export async function stopServers(purpose, options = { forget: false }) {
  const known = readJson(memory(purpose));
  if (!known) return;
  // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients that stay connected.
  if (known.postgres?.pid) await stopProcess(known.postgres.pid, 'SIGINT');
  if (known.redis?.pid) await stopProcess(known.redis.pid);
  rmSync(memory(purpose), { force: true });
  if (options.forget) rmSync(path.join(dataDir, purpose), { recursive: true, force: true });
}

function given(url) {
  return url && { url, from: 'the environment' };
}

async function running(server) {
  return server?.pid && isAlive(server.pid) && (await isListening(server.port))
    ? { ...server, wasRunning: true }
    : undefined;
}

/** When one does not start, the other is stopped, because no file would record it. */
async function bothOrNeither(starts) {
  const outcomes = await Promise.allSettled(starts);
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failure) return started;
  for (const server of started) if (server?.pid && !server.wasRunning) await stopProcess(server.pid);
  throw failure.reason;
}

async function starting(name, purpose, port) {
  const server = await STARTS[name](purpose, port);
  say(`${TITLES[name]} is up on port ${server.port} (${server.from})`);
  return server;
}
