/**
 * Development in containers (docker-compose.dev.yml):
 *
 *   npm run dev:up       builds what is missing, starts everything, waits until it serves
 *   npm run dev:down     stops it; the data stays
 *   npm run dev:clean    stops it and deletes its data, after a typed confirmation, or with --yes
 */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { root } from '../launch/places.mjs';
import { bold, dim, main, Refusal, say } from '../launch/say.mjs';

/** Never the production project: for any COMPOSE_PROJECT_NAME, only names that end in `-dev` are deleted. */
const PROJECT = process.env.BASECOMMERCE_DEV_PROJECT ?? 'basecommerce-dev';
const READY_SECONDS = 600;
const USAGE = 'usage: npm run dev:up | dev:down | dev:clean [-- --yes]';

await main(async () => {
  const [verb, ...options] = process.argv.slice(2);
  const acts = { up, down, clean };
  if (verb === '--help' || verb === 'help') {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const unknown = options.filter((option) => option !== '--yes' || verb !== 'clean');
  if (!Object.hasOwn(acts, verb ?? '') || unknown.length > 0) throw new Refusal(USAGE);
  if (!/^[a-z0-9][a-z0-9_-]*-dev$/.test(PROJECT)) throw new Refusal('BASECOMMERCE_DEV_PROJECT has to end in -dev');
  requireEngine();
  await acts[verb](options);
});

function up() {
  say(
    'starting PostgreSQL, Redis and the application; the first time it fetches packages, which takes a minute or two',
  );
  compose(
    ['up', '--detach', '--build', '--wait', '--wait-timeout', String(READY_SECONDS)],
    'look at: docker compose -f docker-compose.dev.yml logs app',
  );
  const at = (name) => `http://${name}.localhost:${process.env.DEV_PORT ?? 8_000}/docs`;
  process.stdout.write(`
  ${bold('BaseCommerce is running in containers.')}

  Store acme   ${at('acme')}      owner@acme.test
  Console      ${at('console')}   operator@console.test
  Password     demo-demo-demo for everybody
  Logs         docker compose -f docker-compose.dev.yml logs -f app

  ${dim('npm run dev:down stops it; npm run dev:clean deletes its data.')}
`);
}

function down() {
  compose(['down', '--remove-orphans']);
  say('stopped; the data stays');
}

async function clean(options) {
  const volumes = volumesOf(PROJECT);
  if (volumes.length === 0) say('there are no volumes of development');
  else
    process.stdout.write(
      `This deletes the development data for good:\n${volumes.map((volume) => `  ${volume}\n`).join('')}`,
    );
  if (volumes.length > 0 && !options.includes('--yes')) await confirm();
  compose(['down', '--remove-orphans', '--volumes']);
  say(`deleted ${volumes.length} volumes`);
}

async function confirm() {
  if (!process.stdin.isTTY)
    throw new Refusal('There is no terminal to ask at; nothing was deleted. Give --yes: npm run dev:clean -- --yes');
  const line = createInterface({ input: process.stdin, output: process.stdout });
  const typed = await line.question(`Type ${PROJECT} to go on: `);
  line.close();
  if (typed !== PROJECT) throw new Refusal(`That was not ${PROJECT}; nothing was deleted.`);
}

function volumesOf(project) {
  return docker(['volume', 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${project}`])
    .stdout.split('\n')
    .filter(Boolean);
}

function requireEngine() {
  const engine = docker(['version', '--format', '{{.Server.Version}}']);
  if (engine.error)
    throw new Refusal(
      'There is no docker command. Install Docker with compose, or use npm start, which needs neither.',
    );
  if (engine.status !== 0) throw new Refusal(`No container engine answers: ${engine.stderr.trim().split('\n').at(-1)}`);
}

function docker(args) {
  return spawnSync('docker', args, { encoding: 'utf8' });
}

/** The environment file is named so that production's .env is not read. */
function compose(args, advice) {
  const files = ['--file', 'docker-compose.dev.yml', '--project-name', PROJECT, '--env-file', '/dev/null'];
  const result = spawnSync('docker', ['compose', ...files, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { DEV_UID: String(process.getuid?.() ?? 1_000), DEV_GID: String(process.getgid?.() ?? 1_000), ...process.env },
  });
  if (result.status !== 0) throw new Refusal(`docker compose ${args[0]} failed${advice ? `; ${advice}` : ''}`);
}
