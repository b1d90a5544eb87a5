/**
 * `npm start`: the whole system on one machine, from a fresh clone, with nothing but Node and git.
 *
 *   install ─▶ build ─▶ PostgreSQL, Redis ─▶ migrate ─▶ seed ─▶ relay, worker, vertical ─▶ ready ─▶ (Ctrl-C) ─▶ all stopped
 */
import { createWriteStream } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { build, checkNode, install } from './build.mjs';
import { dataDir, readJson, root, within, writeJson } from './places.mjs';
import { freePort, isAlive, isListening, stopProcess } from './processes.mjs';
import { bold, dim, main, Refusal, say } from './say.mjs';
import { keepServers, startServers, stopServers } from './servers.mjs';

const READY_TIMEOUT_MS = 60_000;
const QUICK_DEATH_MS = 10_000;
const QUICK_DEATHS = 5;
const RUN_FILE = path.join(dataDir, 'run.json');

const PROCESSES = [
  { name: 'outbox-relay', program: 'dist/apps/outbox-relay/main.js', metricsPort: 9_102 },
  { name: 'engines-worker', program: 'dist/apps/engines-worker/main.js', metricsPort: 9_101 },
  { name: 'vertical', program: 'dist/apps/vertical/main.js', metricsPort: 9_100 },
];

const children = new Map();
/** Children that were asked to end because their code has changed. */
const restarting = new Set();
let isStopping = false;
let leaveServers = () => {};

await main(async () => {
  checkNode();
  refuseSecondStart();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));
  install();
  build();
  const { databaseUrl, redisUrl } = await startServers('dev');
  leaveServers = keepServers('dev');
  /** @type {NodeJS.ProcessEnv} */
  const environment = {
    ...process.env,
    ...secrets(),
    NODE_ENV: process.env.NODE_ENV ?? 'development',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
  };
  runStep('db:migrate', environment);
  if (environment.NODE_ENV === 'development') runStep('db:seed', environment);
  const ports = await choosePorts();
  writeJson(RUN_FILE, { pid: process.pid, databaseUrl, redisUrl, ports }, 0o600);
  for (const item of PROCESSES) {
    launch(item, { ...environment, PORT: String(ports.vertical.http), METRICS_PORT: String(ports[item.name].metrics) });
  }
  await Promise.all(PROCESSES.map((item) => ready(item, ports)));
  announce(ports.vertical.http, environment.BASE_DOMAIN ?? 'localhost');
  if (process.argv.includes('--watch')) watch();
});
if (process.exitCode) await stop(process.exitCode);

function refuseSecondStart() {
  const running = readJson(RUN_FILE);
  if (running && running.pid !== process.pid && isAlive(running.pid)) {
    throw new Refusal(
      `BaseCommerce is running already from this folder (process ${running.pid}). Stop it first, or set BASECOMMERCE_DATA.`,
    );
  }
}

/** Made once and kept with the data, so that sessions stay valid after a second start. */
function secrets() {
  const file = path.join(dataDir, 'secrets.json');
  const kept = readJson(file) ?? {};
  const names = ['SECRET_KEY', 'MANAGEMENT_API_KEY', 'ENCRYPTION_KEY'];
  const values = Object.fromEntries(
    names.map((name) => [name, process.env[name] ?? kept[name] ?? randomBytes(36).toString('base64url')]),
  );
  if (names.some((name) => kept[name] === undefined)) writeJson(file, values, 0o600);
  return values;
}

function runStep(script, environment) {
  const result = spawnSync('npm', ['run', '-s', script], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  for (const line of result.stdout.split('\n').filter(Boolean)) say(line);
  if (result.status !== 0) throw new Refusal(`npm run ${script} failed:\n${result.stderr}`);
}

async function choosePorts() {
  const wanted = process.env.PORT === undefined ? 8_000 : Number(process.env.PORT);
  const pick = async (preferred) =>
    wanted === 0 || preferred === 0 || (await isListening(preferred)) ? freePort() : preferred;
  if (wanted !== 0 && (await isListening(wanted)))
    throw new Refusal(`Port ${wanted} is in use. Free it, or start with PORT=0 to pick a free one.`);
  const ports = {};
  for (const item of PROCESSES) ports[item.name] = { metrics: await pick(item.metricsPort) };
  ports.vertical.http = wanted === 0 ? await freePort() : wanted;
  return ports;
}

function launch(item, environment, deaths = []) {
  const log = createWriteStream(within(path.join(dataDir, 'logs', `${item.name}.log`)), { flags: 'a' });
  const child = spawn(process.execPath, [item.program], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.set(item.name, child);
  const tail = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      log.write(chunk);
      tail.push(String(chunk));
      if (tail.length > 20) tail.shift();
      if (process.argv.includes('--logs') || stream === child.stderr)
        process.stdout.write(dim(`[${item.name}] `) + chunk);
    });
  }
  const startedAt = Date.now();
  child.once('exit', (code, signal) => {
    if (isStopping) return;
    if (restarting.delete(child)) return void launch(item, environment);
    const recent = [...deaths, Date.now()].slice(-QUICK_DEATHS);
    const isHopeless =
      Date.now() - startedAt < QUICK_DEATH_MS &&
      recent.length === QUICK_DEATHS &&
      Date.now() - recent[0] < QUICK_DEATH_MS * QUICK_DEATHS;
    if (isHopeless || code === 78) {
      process.stderr.write(
        `\n${item.name} does not stay up (${signal ?? `exit ${code}`}). Its last words:\n${tail.join('')}\n`,
      );
      void stop(1);
      return;
    }
    say(`${item.name} ended (${signal ?? `exit ${code}`}); starting it again`);
    setTimeout(() => !isStopping && launch(item, environment, recent), 250 * 2 ** Math.min(recent.length, 5));
  });
}

async function ready(item, ports) {
  const port = item.name === 'vertical' ? ports.vertical.http : ports[item.name].metrics;
  const end = Date.now() + READY_TIMEOUT_MS;
  let reason = 'no answer';
  while (Date.now() < end && !isStopping) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
      if (response.ok) return say(`${item.name} is ready`);
      reason = await response.text();
    } catch (error) {
      reason = error.cause?.code ?? error.message;
    }
    await pause(100);
  }
  if (!isStopping)
    throw new Refusal(
      `${item.name} did not become ready: ${reason}\nIts log: ${path.join(dataDir, 'logs', `${item.name}.log`)}`,
    );
}

function announce(port, domain) {
  const at = (name) => `http://${name}.${domain}${port === 80 ? '' : `:${port}`}`;
  process.stdout.write(`
  ${bold('BaseCommerce is running.')}

  Store acme      ${at('acme')}/docs      owner@acme.test
  Store bolt      ${at('bolt')}/docs      owner@bolt.test
  Console         ${at('console')}/docs   operator@console.test
                  also manager@ seller@ warehouse@ driver@ finance@ of these stores
  What billing    brita (on trial), cumeeira (in grace), argila (suspended), telhado (closed):
  does to them    owner@ of each, at its own host
  Password        demo-demo-demo for everybody
  Commands        npx basecommerce --help
  Logs            ${path.relative(root, path.join(dataDir, 'logs')) || dataDir}

  ${dim('Ctrl-C stops everything.')}
`);
}

/** Compiles what changes and starts the processes again whenever it compiles without an error. */
function watch() {
  const args = ['-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput', '--listEmittedFiles'];
  const compiler = spawn(process.execPath, ['node_modules/typescript/bin/tsc', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.set('compiler', compiler);
  let said = '';
  let hasEmitted = false;
  compiler.stdout.on('data', (chunk) => {
    said += String(chunk);
    if (!/Found \d+ errors?\./.test(said)) return;
    if (/error TS/.test(said)) process.stdout.write(said.replaceAll(/^TSFILE: .*\n/gm, ''));
    // At the first compilation nothing has changed since the build, unless a source was edited meanwhile.
    hasEmitted ||= /^TSFILE: .*\.js$/m.test(said);
    const isWhole = /Found 0 errors/.test(said);
    said = '';
    if (!isWhole || !hasEmitted) return;
    hasEmitted = false;
    say('compiled; starting again');
    for (const { name } of PROCESSES) {
      const child = children.get(name);
      restarting.add(child);
      child.kill('SIGTERM');
    }
  });
}

async function stop(code) {
  if (isStopping) return;
  isStopping = true;
  leaveServers();
  say('stopping');
  for (const name of ['compiler', 'vertical', 'engines-worker', 'outbox-relay']) {
    const child = children.get(name);
    if (child?.pid && child.exitCode === null && child.signalCode === null) await stopProcess(child.pid);
  }
  await stopServers('dev');
  writeJson(RUN_FILE, {});
  say('stopped');
  process.exit(code);
}
