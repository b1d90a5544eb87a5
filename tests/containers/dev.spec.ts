import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { docker, type Ran, tryDocker } from './docker.js';
import { eventually } from './waiting.js';

/** A copy of the sources: this test changes one of them while everything runs. */
const folder = mkdtempSync(path.join(os.tmpdir(), 'development-'));
const project = `bct-${randomBytes(4).toString('hex')}-dev`;
let environment: NodeJS.ProcessEnv;
let origin: string;

beforeAll(async () => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
  for (const file of files.split('\n').filter((name) => name && !name.startsWith('docs/') && existsSync(name))) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(file, path.join(folder, file), { force: true });
  }
  const [app, postgres, redis] = [await freePort(), await freePort(), await freePort()];
  environment = {
    ...process.env,
    BASECOMMERCE_DEV_PROJECT: project,
    DEV_PORT: String(app),
    DEV_POSTGRES_PORT: String(postgres),
    DEV_REDIS_PORT: String(redis),
  };
  origin = `http://127.0.0.1:${app}`;
  // The `.env` of a production machine must not be read in development.
  writeFileSync(path.join(folder, '.env'), 'BASE_DOMAIN=production.test\nPOSTGRES_PASSWORD=production\n');
  const startedAt = performance.now();
  const { code, stdout, stderr } = await dev('up');
  if (code !== 0) throw new Error(`${stdout}\n${stderr}\n${await docker('logs', `${project}-app-1`)}`);
  process.stdout.write(
    `development from nothing to ready in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s\n`,
  );
}, 1_200_000);

afterAll(async () => {
  await dev('clean', '--yes');
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

describe('development in containers', () => {
  it('serves the demo at acme.localhost', async () => {
    expect(await signIn()).toBe(200);
  });

  it('compiles a change, and the process starts again with it', async () => {
    const health = () =>
      fetch(`${origin}/health`).then(
        (answer) => answer.text(),
        () => '',
      );
    expect(await health()).toBe('{"status":"ok"}');
    const file = path.join(folder, 'libs/platform/http/health.controller.ts');
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, source.replace("return { status: 'ok' };", "return { status: 'ok', changed: true };"));
    const startedAt = performance.now();
    await eventually(health, (text) => text.includes('changed'), 120);
    process.stdout.write(`a change was served after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`);
    // A compile error is printed, and the old program keeps running.
    appendFileSync(file, '\nconst wrong: number = "text";\n');
    await eventually(
      () => docker('logs', `${project}-app-1`),
      (said) => said.includes('error TS2322'),
      60,
    );
    expect(await health()).toContain('changed');
    writeFileSync(file, source);
    await eventually(health, (text) => text === '{"status":"ok"}', 120);
  }, 300_000);

  it('keeps its data over down and up', async () => {
    const before = await volumes();
    expect(before).toHaveLength(6);
    expect(await inPostgres('create table mark ()')).toBe(0);
    expect(await dev('down')).toMatchObject({ code: 0 });
    expect(await volumes()).toEqual(before);
    const startedAt = performance.now();
    expect(await dev('up')).toMatchObject({ code: 0 });
    process.stdout.write(`from its data to ready in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s\n`);
    expect(await volumes()).toEqual(before);
    expect(await inPostgres('select from mark')).toBe(0);
  }, 300_000);

  it('installs packages again when the lockfile has changed', async () => {
    const lockfile = path.join(folder, 'package-lock.json');
    const installedFor = () => docker('exec', `${project}-app-1`, 'wc', '--bytes', 'package-lock.json');
    expect(await installedFor()).toBe(`${statSync(lockfile).size} package-lock.json`);
    appendFileSync(lockfile, '\n');
    expect(await dev('up')).toMatchObject({ code: 0 });
    expect(await installedFor()).toBe(`${statSync(lockfile).size} package-lock.json`);
    expect(await signIn()).toBe(200);
  }, 600_000);
});

describe('cleaning up', () => {
  it('lists what it would delete, and deletes nothing without a confirmation', async () => {
    const { code, stdout, stderr } = await dev('clean');
    expect(code).toBe(1);
    for (const volume of await volumes()) expect(stdout).toContain(volume);
    expect(stderr).toContain('nothing was deleted');
    expect(await volumes()).toHaveLength(6);
  });

  it('deletes the volumes of development, and no other', async () => {
    const other = `${project}-neighbour`;
    await docker('volume', 'create', '--label', `com.docker.compose.project=${project.replace(/-dev$/, '')}`, other);
    expect(await dev('clean', '--yes')).toMatchObject({ code: 0 });
    expect(await volumes()).toEqual([]);
    expect(await docker('volume', 'rm', other)).toBe(other);
  });

  it('refuses a project that is not development', async () => {
    environment = { ...environment, BASECOMMERCE_DEV_PROJECT: 'basecommerce' };
    expect(await dev('clean', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has to end in -dev'),
    });
    environment = { ...environment, BASECOMMERCE_DEV_PROJECT: project };
  });
});

function dev(...words: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['tools/containers/dev.mjs', ...words], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

async function volumes(): Promise<string[]> {
  const text = await docker('volume', 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${project}`);
  return text.split('\n').filter(Boolean);
}

async function inPostgres(statement: string): Promise<number> {
  const psql = ['psql', '-U', 'basecommerce', '-v', 'ON_ERROR_STOP=1', '-qc', statement];
  return (await tryDocker(['exec', `${project}-postgres-1`, ...psql])).code;
}

/** Requests by host name, as a browser does; Node’s own fetch does not allow to set a host. */
async function signIn(): Promise<number> {
  const { request } = await import('node:http');
  const body = JSON.stringify({ email: 'owner@acme.test', password: 'demo-demo-demo' });
  return new Promise((resolve, reject) => {
    const headers = { host: 'acme.localhost', 'content-type': 'application/json', 'content-length': body.length };
    request(`${origin}/api/v1/auth/login`, { method: 'POST', headers }, (response) =>
      resolve(response.resume().statusCode!),
    )
      .once('error', reject)
      .end(body);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
