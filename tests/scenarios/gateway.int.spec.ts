/**
 * The gateway as it ships, run by the real Nginx in front of a server that says what reached it: whatever a client sends, the
 * tenant is what the host says.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CONFIGURATION = path.join(ROOT, 'infra/nginx/templates/basecommerce.conf.template');

let folder: string;
let behind: http.Server;
let nginx: ChildProcess | undefined;
let port: number;

beforeAll(async () => {
  if (!process.env['NGINX_BIN']) throw new Error('NGINX_BIN is not set; run this by npm test');
  folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-'));
  behind = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: request.url, headers: request.headers, raw: request.rawHeaders }));
  });
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  port = await freePort();
  for (const name of ['logs', 'temp']) mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, 'nginx.conf'), nginxConf());
  nginx = spawn(
    process.env['NGINX_BIN'],
    ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'logs/error.log')],
    { stdio: 'ignore' },
  );
  await listening(port);
});

afterAll(async () => {
  if (!nginx) return;
  nginx.kill('SIGQUIT');
  await new Promise((resolve) => nginx!.once('exit', resolve));
  await new Promise((resolve) => behind.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

describe('the gateway', () => {
  it.each(['/', '/api/v1/products', '/api/v1/stream', '/api/v1/imports', '/docs'])(
    'overwrites what a client claims about itself at %s',
    async (target) => {
      const answer = await ask('acme.shop.test', target, [
        'X-Tenant-Slug: bolt',
        'x-tenant-slug: bolt',
        'X_Tenant_Slug: bolt',
        'X-Forwarded-For: 6.6.6.6',
        'X-Forwarded-Host: bolt.shop.test',
        'Forwarded: host=bolt.shop.test',
      ]);
      expect(answer.status).toBe(200);
      const { headers, raw } = JSON.parse(answer.body) as { headers: Record<string, string>; raw: string[] };
      expect(headers['x-tenant-slug']).toBe('acme');
      expect(raw.filter((name) => /tenant.slug/i.test(name))).toHaveLength(1);
      expect(headers['x-forwarded-for']).toBe('127.0.0.1');
      expect(headers['x-forwarded-host']).toBe('acme.shop.test');
      expect(headers['forwarded']).toBeUndefined();
    },
  );

  it('gives the console no slug', async () => {
    const answer = await ask('console.shop.test', '/operator/v1/tenants', ['X-Tenant-Slug: acme']);
    expect(JSON.parse(answer.body).headers['x-tenant-slug']).toBeUndefined();
  });

  it.each([
    'shop.test',
    'evil.test',
    'acme.shop.test.evil.test',
    'a.b.shop.test',
    '-acme.shop.test',
    'ac--me.shop.test',
    'acmeXshopXtest',
    '127.0.0.1',
    'xshop.test',
  ])('answers 421 for %s', async (host) => {
    expect((await ask(host, '/')).status).toBe(421);
  });

  it('takes a host in capitals or with a port for what it is', async () => {
    for (const host of ['ACME.shop.test', 'acme.shop.test:8443']) {
      expect(JSON.parse((await ask(host, '/')).body).headers['x-tenant-slug']).toBe('acme');
    }
  });

  it('keeps metrics private and refuses smuggled and oversized requests', async () => {
    expect((await ask('acme.shop.test', '/metrics')).status).toBe(404);
    const both = await ask(
      'acme.shop.test',
      '/',
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      'POST',
      '0\r\n\r\n',
    );
    expect(both.status).toBe(400);
    expect((await ask('acme.shop.test', '/', ['Content-Length: 2000000'], 'POST')).status).toBe(413);
    const twoHosts = await raw(
      `GET / HTTP/1.1\r\nHost: acme.shop.test\r\nHost: bolt.shop.test\r\nConnection: close\r\n\r\n`,
    );
    expect(twoHosts).toMatch(/^HTTP\/1\.1 400/);
  });
});

function nginxConf(): string {
  const { port: upstream } = behind.address() as AddressInfo;
  const values: Record<string, string> = {
    BASE_DOMAIN: 'shop.test',
    BASE_DOMAIN_PATTERN: 'shop\\.test',
    VERTICAL: `127.0.0.1:${upstream}`,
    LISTEN: `127.0.0.1:${port}`,
    SNIPPETS: path.join(ROOT, 'infra/nginx/snippets'),
  };
  const site = readFileSync(CONFIGURATION, 'utf8')
    .replace(/\$\{([A-Z_]+)\}/g, (_, name: string) => values[name]!)
    .replace('access_log /dev/stdout json', `access_log ${folder}/logs/access.log json`);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/temp/${name};`)
    .join(' ');
  return `daemon off; pid ${folder}/nginx.pid; worker_processes 1; events { worker_connections 256; } http { ${temp} ${site} }`;
}

interface Answer {
  status: number;
  body: string;
}

/** A request written byte by byte, so that nothing tidies it up on the way. */
async function ask(host: string, target: string, headers: string[] = [], method = 'GET', body = ''): Promise<Answer> {
  const text = await raw(
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${headers.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n${body}`,
  );
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const payload = rest.join('\r\n\r\n');
  const isChunked = /transfer-encoding: chunked/i.test(head);
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    body: isChunked
      ? payload
          .split('\r\n')
          .filter((_, index) => index % 2 === 1)
          .join('')
      : payload,
  };
}

function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => resolve(text)).on('error', reject);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
}

async function listening(wanted: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = net.connect(wanted, '127.0.0.1', () => resolve(socket.destroy() && true));
      socket.on('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nginx did not come up: ${readFileSync(path.join(folder, 'logs/error.log'), 'utf8')}`);
}
