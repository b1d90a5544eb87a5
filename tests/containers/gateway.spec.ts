/**
 * The gateway in its image: the same template, rendered by the image's own entry point, with a read-only root; and on a
 * droplet, where `render` renders it.
 */
import http2 from 'node:http2';
import path from 'node:path';
import tls from 'node:tls';
import { docker, tryDocker } from './docker.js';

const IMAGE = 'nginx:1.28';
const FOLDER = path.resolve(import.meta.dirname, '../../infra/nginx');
const SAYING = path.resolve(import.meta.dirname, '../../infra/droplets/lib');
const NAME = `bcg-${process.pid}`;
const DOMAIN = 'shop.test';
const ECHO = `require('http').createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ url: request.url, headers: request.headers }));
}).listen(8000)`;

beforeAll(async () => {
  await docker('network', 'create', NAME);
  await docker('run', '-d', '--name', `${NAME}-vertical`, '--network', NAME, 'node:24-trixie-slim', 'node', '-e', ECHO);
});
afterAll(async () => {
  await tryDocker(['rm', '-f', '-v', `${NAME}-image`, `${NAME}-droplet`, `${NAME}-vertical`]);
  await tryDocker(['volume', 'rm', `${NAME}-certificates`]);
  await tryDocker(['network', 'rm', NAME]);
});

async function portOf(container: string, inside: number): Promise<number> {
  const mapped = await docker('port', container, `${inside}/tcp`);
  return Number(/:(\d+)$/m.exec(mapped)![1]);
}

/** Sends requests over HTTP/2 until the gateway is up. */
async function ask(port: number, host: string, target: string): Promise<{ status: number; text: string }> {
  for (let attempt = 0; ; attempt++) {
    const session = http2.connect(`https://127.0.0.1:${port}`, { servername: host, rejectUnauthorized: false });
    try {
      return await new Promise((resolve, reject) => {
        session.once('error', reject);
        const stream = session.request({ ':authority': host, ':path': target, 'x-tenant-slug': 'bolt' });
        let status = 0;
        let text = '';
        stream.on('response', (headers) => (status = Number(headers[':status'])));
        stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        stream.on('error', reject).on('end', () => resolve({ status, text }));
      });
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      session.close();
    }
  }
}

function handshake(port: number, options: tls.ConnectionOptions): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      { host: '127.0.0.1', port, rejectUnauthorized: false, servername: `acme.${DOMAIN}`, ...options },
      () => {
        resolve(socket.getProtocol());
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

async function expectGateway(container: string): Promise<void> {
  const port = await portOf(container, 443);
  const store = await ask(port, `acme.${DOMAIN}`, '/api/v1/products');
  expect(store.status).toBe(200);
  expect(JSON.parse(store.text)).toMatchObject({
    url: '/api/v1/products',
    headers: { 'x-tenant-slug': 'acme', host: `acme.${DOMAIN}`, 'x-forwarded-proto': 'https' },
  });
  expect((await ask(port, `acme.${DOMAIN}`, '/operator/v1/tenants')).status).toBe(404);
  expect((await ask(port, `console.${DOMAIN}`, '/operator/v1/tenants')).status).toBe(200);
  const stranger = await ask(port, 'evil.test', '/');
  expect([stranger.status, JSON.parse(stranger.text).code]).toEqual([421, 'unknown_host']);
  expect(await handshake(port, {})).toBe('TLSv1.3');
  expect(await handshake(port, { maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
  await expect(
    handshake(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
  ).rejects.toThrow();
  const plain = await portOf(container, 80);
  const moved = await fetch(`http://127.0.0.1:${plain}/health`);
  expect([moved.status, ((await moved.json()) as { url: string }).url]).toEqual([200, '/health']);
}

describe('the gateway', () => {
  it('starts in the image with only a domain and a read-only root, and keeps its certificate', async () => {
    const start = () =>
      docker(
        ...['run', '-d', '--name', `${NAME}-image`, '--network', NAME, '--read-only', '--cap-drop', 'ALL'],
        ...['CHOWN', 'SETGID', 'SETUID', 'NET_BIND_SERVICE'].flatMap((capability) => ['--cap-add', capability]),
        ...['--security-opt', 'no-new-privileges'],
        ...[
          '--tmpfs',
          '/etc/nginx/basecommerce',
          '--tmpfs',
          '/etc/nginx/conf.d',
          '--tmpfs',
          '/var/cache/nginx',
          '--tmpfs',
          '/run',
        ],
        ...['--tmpfs', '/var/www', '-v', `${NAME}-certificates:/etc/basecommerce/certificates`],
        ...['-v', `${FOLDER}:/opt/basecommerce/nginx:ro`, '-v', `${FOLDER}/templates:/etc/nginx/templates:ro`],
        ...['-e', `BASE_DOMAIN=${DOMAIN}`, '-e', `VERTICAL=${NAME}-vertical:8000`],
        ...['-p', '127.0.0.1::80', '-p', '127.0.0.1::443', '--entrypoint', '/opt/basecommerce/nginx/start', IMAGE],
      );
    await start();
    await expectGateway(`${NAME}-image`);
    const fingerprint = () =>
      docker('exec', `${NAME}-image`, 'sha256sum', '/etc/basecommerce/certificates/current/fullchain.pem');
    const before = await fingerprint();

    const { stdout } = await tryDocker(['logs', `${NAME}-image`]);
    const line = stdout.split('\n').find((text) => text.includes('"/api/v1/products"'));
    expect(JSON.parse(line!)).toMatchObject({ tenant: 'acme', status: 200, protocol: 'HTTP/2.0' });

    await docker('rm', '-f', `${NAME}-image`);
    await start();
    await expectGateway(`${NAME}-image`);
    expect(await fingerprint()).toBe(before);
  });

  it('does not start without a domain, and prints one line about it', async () => {
    const mounts = ['-v', `${FOLDER}:/opt/basecommerce/nginx:ro`, '-v', `${FOLDER}/templates:/etc/nginx/templates:ro`];
    const ran = await tryDocker(['run', '--rm', ...mounts, '--entrypoint', '/opt/basecommerce/nginx/start', IMAGE]);
    expect(ran.code).toBe(64);
    expect(ran.stderr.trim()).toBe('start: BASE_DOMAIN is required: the domain below which the stores live');
  });

  it('is rendered for the Nginx of a droplet over the package’s own configuration', async () => {
    const [folder, saying] = [`${FOLDER}:/opt/basecommerce/nginx:ro`, `${SAYING}:/opt/basecommerce/lib:ro`];
    const script = `/opt/basecommerce/nginx/render && grep -q 'http2 on' /etc/nginx/basecommerce/listen-tls.conf && exec nginx -g 'daemon off;'`;
    await docker(
      ...['run', '-d', '--name', `${NAME}-droplet`, '--network', NAME, '-v', folder, '-v', saying],
      ...[
        '-e',
        `BASE_DOMAIN=${DOMAIN}`,
        '-e',
        `VERTICAL=${NAME}-vertical:8000`,
        '-p',
        '127.0.0.1::80',
        '-p',
        '127.0.0.1::443',
      ],
      ...['--entrypoint', 'bash', IMAGE, '-c', script],
    );
    await expectGateway(`${NAME}-droplet`);
    expect(await docker('exec', `${NAME}-droplet`, 'ls', '/etc/nginx/nginx.conf.before')).toBe(
      '/etc/nginx/nginx.conf.before',
    );
  });
});
