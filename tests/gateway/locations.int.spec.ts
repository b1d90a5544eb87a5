/**
 * Sends requests to every location of the configuration, with headers that a client must not set. The list below is
 * compared with the configuration: a location that is missing in it fails this test.
 */
import path from 'node:path';
import { staysTrue } from '#testing/waiting';
import { type Answer, type Asking, DOMAIN, Gateway } from './gateway.js';
import { configuration, type Directive, named, serverName } from './configuration.js';
import { timesSent } from './upstream.js';

const STORE = `acme.${DOMAIN}`;
const CONSOLE = `console.${DOMAIN}`;
const TOKEN = 'k7Qv2mXw9ZrT4bN8';

interface Probe extends Asking {
  readonly at: string;
  readonly host: string;
  readonly target: string;
  /** The gateway's own answer; without it the request goes to the vertical. */
  readonly status?: number;
}

const acme = (server: string, asking: Asking = {}): Probe => ({
  at: `${server}: ^~ /.well-known/acme-challenge/`,
  host: server === 'console' ? CONSOLE : STORE,
  target: `/.well-known/acme-challenge/${TOKEN}`,
  status: 404,
  ...asking,
});
const store = (location: string, target: string, status?: number): Probe => ({
  at: `stores: ${location}`,
  host: STORE,
  target,
  ...(status ? { status } : {}),
});
const console_ = (location: string, target: string, status?: number): Probe => ({
  ...store(location, target, status),
  at: `console: ${location}`,
  host: CONSOLE,
});
const stranger = { host: '203.0.113.7', isPlain: true };

const PROBES: readonly Probe[] = [
  { ...acme('anything else'), ...stranger },
  { at: 'anything else: = /health', target: '/health', ...stranger },
  { at: 'anything else: /', target: '/', status: 421, ...stranger },
  { at: 'bare domain: /', host: DOMAIN, target: '/api/v1/products', status: 421 },
  acme('plain', { isPlain: true }),
  { at: 'plain: = /health', host: STORE, target: '/health', isPlain: true },
  { at: 'plain: /', host: STORE, target: '/api/v1/products', isPlain: true, status: 308 },
  acme('stores'),
  store('/api/', '/api/v1/products'),
  store('/api/v1/auth/', '/api/v1/auth/refresh'),
  store('/api/v1/auth/login', '/api/v1/auth/login'),
  store('= /api/v1/stream', '/api/v1/stream'),
  store('/api/v1/imports', '/api/v1/imports'),
  store('= /mcp', '/mcp'),
  store('/q/', `/q/${TOKEN}`),
  store('~ ^/(docs|redoc|reference|openapi\\.json)(/|$)', '/docs'),
  store('~ ^/health(/|$)', '/health/ready'),
  store('~ ^/(operator|metrics)(/|$)', '/operator/v1/tenants', 404),
  store('~ /\\.', '/.env', 404),
  store('/assets/', '/assets/app.1a2b3c.js', 404),
  store('/', '/'),
  store('@vertical', '/quotes/7'),
  acme('console'),
  console_('/operator/', '/operator/v1/tenants'),
  console_('/operator/v1/auth/', '/operator/v1/auth/logout'),
  console_('/operator/v1/auth/login', '/operator/v1/auth/login'),
  console_('/operator/v1/webhooks/', '/operator/v1/webhooks/stripe'),
  console_('~ ^/(docs|redoc|reference)(/|$)', '/redoc'),
  console_('~ ^/health(/|$)', '/health/live'),
  console_('~ ^/(api|metrics|mcp|q)(/|$)', '/api/v1/products', 404),
  console_('~ /\\.', '/.git/config', 404),
  console_('/assets/', '/assets/app.1a2b3c.js', 404),
  console_('/', '/'),
  console_('@vertical', '/tenants'),
];

/** Header names that only the gateway may set, in every spelling that the vertical could accept for them. */
const CLAIMS = [
  'X-Tenant-Slug: bolt',
  'x-tenant-slug: bolt',
  'X-TENANT-SLUG: bolt',
  'X_Tenant_Slug: bolt',
  'X-Tenant_Slug: bolt',
  'X-Tenant-Slug:',
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-For: 7.7.7.7',
  'X_Forwarded_For: 6.6.6.6',
  `X-Forwarded-Host: bolt.${DOMAIN}`,
  'X-Forwarded-Proto: gopher',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Server: evil.test',
  'X-Forwarded-Prefix: /evil',
  `Forwarded: for=6.6.6.6;host=bolt.${DOMAIN}`,
  'X-Real-IP: 6.6.6.6',
  'X-Client-IP: 6.6.6.6',
  'True-Client-IP: 6.6.6.6',
  'X-Request-Id: chosen-by-the-client',
  'X-HTTP-Method-Override: DELETE',
  'X-Original-URL: /operator/v1/tenants',
  'X-Rewrite-URL: /operator/v1/tenants',
  `X-Original-Host: bolt.${DOMAIN}`,
  'Proxy: http://evil.test',
  'Traceparent: 00-zz',
  'Upgrade: websocket',
  'TE: trailers',
  'Keep-Alive: timeout=1000',
];
const DROPPED = [
  'forwarded',
  'x_tenant_slug',
  'x-tenant_slug',
  'x_forwarded_for',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-prefix',
  'x-client-ip',
  'true-client-ip',
  'x-http-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-original-host',
  'proxy',
  'upgrade',
  'te',
  'keep-alive',
  'connection',
];

let gateway: Gateway;
let servers: Directive[];

beforeAll(async () => {
  gateway = await Gateway.start({ GATEWAY_BODY_TIMEOUT: '400ms', GATEWAY_ADDRESS_BURST: '1000' });
  servers = named(configuration(path.join(gateway.folder, 'state/site.conf')), 'server');
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const ask = ({ host, target, ...asking }: Probe, headers: readonly string[] = []): Promise<Answer> =>
  gateway.ask(host, target, { ...asking, headers });

describe('the locations', () => {
  it('are all in this list, except those of the metrics', () => {
    const found = servers.flatMap((server) =>
      named(server.block!, 'location').map(({ words }) => `${serverName(server)}: ${words.slice(1).join(' ')}`),
    );
    const ours = found.filter((name) => !name.startsWith('figures: ') && !/: (@|= \/-\/)problem$/.test(name));
    expect(ours.sort()).toEqual(PROBES.map(({ at }) => at).sort());
    expect(found.filter((name) => name.startsWith('figures: '))).toHaveLength(4);
  });

  it('use the common snippet to reach the vertical, and set no other header', () => {
    for (const server of servers) {
      for (const location of named(server.block!, 'location')) {
        for (const directive of location.block!) {
          if (/^proxy_(pass|set_header)$/.test(directive.words[0]!)) expect(directive.file).toBe('snippets/proxy.conf');
        }
      }
    }
  });

  it.each(PROBES.filter(({ status }) => status).map((probe) => [probe.at, probe] as const))(
    'is answered by the gateway at %s',
    async (_, probe) => {
      const answer = await ask(probe, CLAIMS);
      expect(answer.status).toBe(probe.status);
      expect(gateway.upstream.seen).toEqual([]);
    },
  );

  it.each(PROBES.filter(({ status }) => !status).map((probe) => [probe.at, probe] as const))(
    'overwrites the client’s headers about itself at %s',
    async (_, probe) => {
      const answer = await ask(probe, CLAIMS);
      expect(answer.status).toBe(200);
      const { last } = gateway.upstream;
      const slug = probe.host === STORE ? 'acme' : undefined;
      const requestId = last.headers['x-request-id'];
      expect(last).toMatchObject({
        method: 'GET',
        url: probe.target,
        headers: {
          host: probe.host,
          'x-real-ip': '127.0.0.1',
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-host': probe.host,
          'x-forwarded-proto': probe.isPlain ? 'http' : 'https',
          'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
          traceparent: expect.stringMatching(new RegExp(`^00-${String(requestId)}-[0-9a-f]{16}-01$`)),
        },
      });
      expect(last.headers['x-tenant-slug']).toBe(slug);
      expect(timesSent(last, 'x-tenant-slug')).toBe(slug ? 1 : 0);
      for (const name of ['host', 'x-forwarded-for', 'x-real-ip', 'x-request-id', 'traceparent'])
        expect(timesSent(last, name)).toBe(1);
      expect(Object.keys(last.headers).filter((name) => DROPPED.includes(name))).toEqual([]);
    },
  );

  it.each(PROBES.filter(({ status }) => !status).map((probe) => [probe.at, probe] as const))(
    'keeps a header that the client names in Connection at %s',
    async (_, probe) => {
      await gateway.raw(
        `GET ${probe.target} HTTP/1.1\r\nHost: ${probe.host}\r\nConnection: close, X-Tenant-Slug, X-Forwarded-For, X-Request-Id\r\n\r\n`,
        probe,
      );
      expect(gateway.upstream.last.headers).toMatchObject({
        ...(probe.host === STORE ? { 'x-tenant-slug': 'acme' } : {}),
        'x-forwarded-for': '127.0.0.1',
        'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      });
    },
  );

  it.each<[string, (probe: Probe) => string]>([
    [
      'a request of two lengths',
      ({ host, target }) =>
        `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`,
    ],
    [
      'a request for two hosts',
      ({ host, target }) =>
        `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nHost: bolt.${DOMAIN}\r\nConnection: close\r\n\r\n`,
    ],
    [
      'a header that hides another',
      ({ host, target }) =>
        `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nX-A : b\r\nX-Tenant-Slug\0: bolt\r\nConnection: close\r\n\r\n`,
    ],
  ])('are all closed to %s', async (_, written) => {
    const answers = await Promise.all(PROBES.map((probe) => gateway.raw(written(probe), probe)));
    expect(answers.map((text) => /^HTTP\/1\.1 (\d+)/.exec(text)?.[1])).toEqual(PROBES.map(() => '400'));
    expect(gateway.upstream.begun).toBe(0);
  });

  it('are found only at their host: an unknown host has only the probe and the challenge', async () => {
    const isForAll = ({ target }: Probe) => /^\/(health$|\.well-known)/.test(target);
    const others = PROBES.filter((probe) => !isForAll(probe));
    const answers = await Promise.all(others.map(({ target, ...asking }) => gateway.ask('evil.test', target, asking)));
    expect(answers.map(({ status }) => status)).toEqual(others.map(() => 421));
    expect(gateway.upstream.begun).toBe(0);
  });

  it('all keep a body that does not come from the vertical', async () => {
    const sockets = await Promise.all(PROBES.map((probe) => gateway.connect(probe)));
    sockets.forEach((socket, nth) => {
      const { host, target } = PROBES[nth]!;
      socket.on('error', () => undefined);
      socket.write(`POST ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\nhal`);
    });
    await staysTrue('the vertical is not asked', () => gateway.upstream.begun === 0, 700);
    for (const socket of sockets) socket.destroy();
  });

  it('of the metrics are only for the exporter', async () => {
    const figures = await fetch(`http://127.0.0.1:${gateway.ports.status}/status`);
    expect(await figures.text()).toMatch(/^Active connections: \d+/);
    expect((await fetch(`http://127.0.0.1:${gateway.ports.status}/health`)).status).toBe(404);
    for (const host of [STORE, CONSOLE]) {
      const answer = await gateway.ask(host, '/status');
      // At that host it is a page of the web application, so the vertical refuses it.
      expect(answer.body).not.toContain('Active connections');
    }
  });

  it('continue a trace that is well-formed', async () => {
    const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await gateway.ask(STORE, '/api/v1/products', { headers: [`traceparent: ${given}`] });
    expect(gateway.upstream.last.headers['traceparent']).toBe(given);
    await gateway.ask(STORE, '/api/v1/products', { headers: [`traceparent: ${given}, ${given}`] });
    expect(gateway.upstream.last.headers['traceparent']).not.toContain('4bf92f35');
  });

  it.each(['/x/../operator/v1/tenants', '/%6fperator/v1/tenants', '//operator/v1/tenants', '/operator/../operator/v1'])(
    'are found by what a path means: %s of a store is none',
    async (target) => {
      expect((await gateway.ask(STORE, target)).status).toBe(404);
      expect(gateway.upstream.seen).toEqual([]);
    },
  );
});
