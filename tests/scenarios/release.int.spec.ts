/**
 * A release as the pipelines run it: a real Nginx switches between a release that works and one that is healthy but
 * serves no store. A script replaces the deploy and rewrites the upstream, as the real command does on a droplet.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { PASSWORD, startSystem, type System } from './system.js';

const DOMAIN = 'shop.test';
const GOOD = `example/construction@sha256:${'a'.repeat(64)}`;
const BAD = `example/construction@sha256:${'b'.repeat(64)}`;
const ENGINES = `example/engines@sha256:${'c'.repeat(64)}`;

/** A release sends about twenty requests, each by its own process: two seconds here, and more on a busy machine. */
const PATIENT_MS = 600_000;

let folder: string;
let well: System;
let ill: System;
let nginx: ChildProcess;
let origin: string;

beforeAll(async () => {
  if (!process.env['NGINX_BIN']) throw new Error('NGINX_BIN is not set; run this by npm test');
  folder = mkdtempSync(path.join(os.tmpdir(), 'release-'));
  for (const name of ['logs', 'temp']) mkdirSync(path.join(folder, name));
  well = await startSystem({ environment: { BASE_DOMAIN: DOMAIN } });
  // Healthy and ready, but it refuses every store: only a test from outside finds this.
  ill = await startSystem({ environment: { BASE_DOMAIN: 'another.test' } });
  const [wellAt, illAt] = [await listen(well), await listen(ill)];
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  writeDroplet({ [GOOD]: wellAt, [BAD]: illAt });
  writeFileSync(path.join(folder, 'upstream.conf'), `server 127.0.0.1:${wellAt};`);
  writeFileSync(path.join(folder, 'nginx.conf'), nginxConf(port));
  nginx = spawn(process.env['NGINX_BIN'], nginxArguments(), { stdio: 'ignore' });
}, PATIENT_MS);

afterAll(async () => {
  nginx?.kill('SIGQUIT');
  await Promise.all([well, ill].map((system) => system?.stop()));
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => rmSync(path.join(folder, 'calls'), { force: true }));

describe('looking at an environment from outside', () => {
  it(
    'accepts one that works, sign-in included',
    async () => {
      const { code, said } = await smoke(['--store', 'acme'], credentials());
      expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('ok      a list of acme') });
    },
    PATIENT_MS,
  );

  it(
    'distinguishes a wrong password from a working sign-in, and prints neither',
    async () => {
      const { code, said } = await smoke(['--store', 'acme'], { ...credentials(), SMOKE_PASSWORD: 'not-the-password' });
      expect(code).toBe(1);
      expect(said).toContain('FAILED  sign-in to acme: 401, not 200');
      expect(said).not.toContain('not-the-password');
    },
    PATIENT_MS,
  );

  it('fails with a reason for one that does not answer', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const { code, said } = await script('smoke', [nobody, '--domain', DOMAIN, '--patience', '1']);
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('was not healthy within 1 s') });
  });
});

describe('a release', () => {
  it(
    'stays when it works',
    async () => {
      const { code, said } = await release(GOOD);
      expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining(`staging serves ${GOOD}`) });
      expect(calls()).toEqual([`deploy staging --image ${GOOD} --engines-image ${ENGINES}`]);
    },
    PATIENT_MS,
  );

  it(
    'is rolled back when it is healthy and serves no store',
    async () => {
      const { code, said } = await release(BAD);
      expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('was taken back') });
      expect(said).toContain('FAILED  a store that does not exist is not found');
      expect(calls()).toEqual([`deploy staging --image ${BAD} --engines-image ${ENGINES}`, 'rollback staging']);
      expect((await smoke()).code).toBe(0);
    },
    PATIENT_MS,
  );

  it('is neither tested nor rolled back when the deploy itself refused it', async () => {
    const { code } = await release(GOOD, { DEPLOY_ENDS_WITH: '75' });
    expect(code).toBe(75);
    expect(calls()).toHaveLength(1);
  });

  it(
    'requires a person when the rollback fails as well',
    async () => {
      const { code, said } = await release(BAD, { ROLLBACK_ENDS_WITH: '1' });
      expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining('a person has to look') });
      await script('release', releaseArguments(GOOD));
    },
    PATIENT_MS,
  );

  it.each([
    [['staging', '--image', 'example/construction:latest', '--engines-image', ENGINES], 'name a digest'],
    [['staging', '--image', GOOD], 'name a digest'],
    [['staging', '--image', 'example/construction@sha256:abc', '--engines-image', ENGINES], 'name a digest'],
    [['Staging!'], 'which ENVIRONMENT'],
    [['staging', '--nonsense'], 'no option --nonsense'],
    [['staging', '--image'], '--image needs a value'],
  ])('refuses %j before it does anything', async (args, reason) => {
    const { code, said } = await script('release', args);
    expect({ code, said: said.trim() }).toEqual({ code: 64, said: expect.stringContaining(reason) });
    expect(said.trim().split('\n')).toHaveLength(1);
    expect(calls()).toEqual([]);
  });

  it('prints its plan in a dry run, and changes nothing', async () => {
    const { code, said } = await release(GOOD, {}, ['--dry-run']);
    expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/would run: .*deploy staging/) });
    expect(calls()).toEqual([]);
  });
});

function credentials() {
  return { SMOKE_EMAIL: 'owner@acme.test', SMOKE_PASSWORD: PASSWORD };
}

function smoke(args: string[] = [], environment: Record<string, string> = {}) {
  return script('smoke', [origin, '--domain', DOMAIN, '--patience', '10', ...args], environment);
}

function release(image: string, environment: Record<string, string> = {}, args: string[] = []) {
  return script('release', [...releaseArguments(image), ...args], environment);
}

function releaseArguments(image: string): string[] {
  return ['staging', '--image', image, '--engines-image', ENGINES, '--origin', origin, '--domain', DOMAIN];
}

/** Not synchronously, because the systems that it calls run in this process. */
function script(name: string, args: string[], environment: Record<string, string> = {}) {
  const child = spawn(path.join('infra/ci', name), args, {
    env: { ...process.env, DROPLET: path.join(folder, 'droplet'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  return new Promise<{ code: number | null; said: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, said })),
  );
}

function calls(): string[] {
  const file = path.join(folder, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

function writeDroplet(ports: Record<string, number>): void {
  const cases = Object.entries(ports).map(([image, port]) => `*${image}*) port=${port} ;;`);
  const lines = [
    '#!/usr/bin/env bash',
    'set -euo pipefail',
    `cd ${folder}`,
    'echo "$*" >> calls',
    'case $1 in',
    '  deploy)',
    '    [[ -z ${DEPLOY_ENDS_WITH:-} ]] || exit "$DEPLOY_ENDS_WITH"',
    `    case "$*" in ${cases.join(' ')} esac`,
    '    cp upstream.conf upstream.before',
    '    echo "server 127.0.0.1:$port;" > upstream.conf ;;',
    '  rollback)',
    '    [[ -z ${ROLLBACK_ENDS_WITH:-} ]] || exit "$ROLLBACK_ENDS_WITH"',
    '    cp upstream.before upstream.conf ;;',
    'esac',
    `"$NGINX_BIN" ${nginxArguments().join(' ')} -s reload`,
    'sleep 0.5',
  ];
  writeFileSync(path.join(folder, 'droplet'), `${lines.join('\n')}\n`);
  chmodSync(path.join(folder, 'droplet'), 0o755);
}

function nginxArguments(): string[] {
  return ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'logs/error.log')];
}

function nginxConf(port: number): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/temp/${name};`)
    .join(' ');
  return `daemon off; pid ${folder}/nginx.pid; worker_processes 1; events { worker_connections 256; }
    http { access_log off; ${temp} upstream vertical { include ${folder}/upstream.conf; }
    server { listen 127.0.0.1:${port}; location / { proxy_set_header Host $host; proxy_pass http://vertical; } } }`;
}

async function listen(system: System): Promise<number> {
  await system.app.listen(0, '127.0.0.1');
  return (system.app.getHttpServer().address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
