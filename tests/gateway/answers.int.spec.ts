/** The gateway's answers, and their lines in the log. */
import { gunzipSync } from 'node:zlib';
import http2 from 'node:http2';
import { SERVER_ERRORS } from '../../libs/platform/http/problem.js';
import { type Answer, type Asking, DOMAIN, Gateway, type LogLine, parsed } from './gateway.js';
import type { Answering } from './upstream.js';

const HOST = `acme.${DOMAIN}`;
const CONSOLE = `console.${DOMAIN}`;
const SECURITY = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'permissions-policy': expect.stringContaining('microphone=()'),
  'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
  'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
};

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start({ GATEWAY_BODY_SIZE: '4k', GATEWAY_IMPORT_SIZE: '16k' });
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const big = (length: number): Asking => ({ method: 'POST', body: 'x'.repeat(length) });

describe('a refusal of the gateway', () => {
  it.each<[number, string, string, string, Asking]>([
    [400, 'malformed_request', HOST, '/', { headers: ['Transfer-Encoding: chunked', 'Content-Length: 0'] }],
    [404, 'not_found', HOST, '/operator/v1/tenants', {}],
    [413, 'body_too_large', HOST, '/api/v1/products', big(5_000)],
    [413, 'body_too_large', HOST, '/api/v1/imports', big(17_000)],
    [414, 'uri_too_long', HOST, `/${'a'.repeat(9_000)}`, {}],
    [421, 'unknown_host', 'evil.test', '/', {}],
    [431, 'headers_too_large', HOST, '/', { headers: [`X-A: ${'a'.repeat(9_000)}`] }],
  ])('is a problem document like the vertical’s: %i %s at %s', async (status, code, host, target, asking) => {
    const answer = await gateway.ask(host, target, asking);
    expect(answer).toMatchObject({
      status,
      headers: { ...SECURITY, 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    });
    const problem = JSON.parse(answer.body);
    expect(problem).toEqual({
      type: `/docs/errors#${code}`,
      title: code.replaceAll('_', ' '),
      status,
      code,
      detail: expect.stringMatching(/\.$/),
      request_id: answer.headers['x-request-id'],
    });
    const known = SERVER_ERRORS[status];
    if (known) expect([problem.code, problem.detail]).toEqual(known);
    expect(gateway.upstream.seen).toEqual([]);
  });

  it('states Retry-After when the vertical does not answer', async () => {
    const alone = await Gateway.start({}, '127.0.0.1:1');
    try {
      const answer = await alone.ask(HOST, '/api/v1/products');
      expect(answer).toMatchObject({ status: 502, headers: { ...SECURITY, 'retry-after': '2' } });
      expect(JSON.parse(answer.body)).toMatchObject({ status: 502, code: 'bad_gateway' });
      expect((await alone.ask('any', '/health', { isPlain: true })).status).toBe(502);
    } finally {
      await alone.stop();
    }
  });

  it('is not a page that can be requested', async () => {
    expect((await gateway.ask(HOST, '/-/problem')).status).toBe(404);
  });

  it('has no body for HEAD', async () => {
    expect(await gateway.ask('evil.test', '/', { method: 'HEAD' })).toMatchObject({ status: 421, body: '' });
  });
});

describe('an answer of the vertical', () => {
  const answering =
    (status: number, headers: Record<string, string>, body: string): Answering =>
    (_, response) =>
      response.writeHead(status, headers).end(body);

  it.each([400, 404, 413, 429, 500, 502, 503])('passes unchanged, also a refusal: %i', async (status) => {
    const body = '{"code":"of_its_own"}';
    gateway.upstream.answering = answering(
      status,
      { 'content-type': 'application/problem+json', 'retry-after': '7' },
      body,
    );
    expect(await gateway.ask(HOST, '/api/v1/products')).toMatchObject({
      status,
      body,
      headers: { 'retry-after': '7' },
    });
  });

  it('gets the security headers that it does not send itself', async () => {
    gateway.upstream.answering = answering(200, { 'content-type': 'application/json' }, '{}');
    expect((await gateway.ask(HOST, '/api/v1/products')).headers).toMatchObject({
      ...SECURITY,
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    const own = {
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'permissions-policy': 'camera=()',
      'content-security-policy': "default-src 'self'",
      'x-request-id': 'of-its-own',
      'cache-control': 'public, no-cache',
    };
    gateway.upstream.answering = answering(200, { 'content-type': 'text/html', ...own }, '<p>');
    // A repeated header would contain a line break here.
    for (const target of ['/docs', '/', '/quotes/7', '/api/v1/x'])
      expect((await gateway.ask(HOST, target)).headers).toMatchObject(own);
  });

  it('is compressed if it is data and not short, except where it contains tokens', async () => {
    const text = JSON.stringify({ data: 'x'.repeat(3_000) });
    gateway.upstream.answering = answering(200, { 'content-type': 'application/json' }, text);
    const get = (target: string, host = HOST) => gateway.ask(host, target, { headers: ['Accept-Encoding: gzip'] });
    const small = await get('/api/v1/products');
    expect(small.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(Buffer.from(small.body, 'latin1')).toString()).toBe(text);
    for (const [target, host] of [
      ['/api/v1/auth/login', HOST],
      ['/api/v1/auth/refresh', HOST],
      ['/operator/v1/auth/login', CONSOLE],
      ['/operator/v1/auth/logout', CONSOLE],
    ] as const)
      expect((await get(target, host)).headers).not.toHaveProperty('content-encoding');
    gateway.upstream.answering = answering(200, { 'content-type': 'application/json', 'content-encoding': 'br' }, text);
    expect((await get('/docs/files/app.js')).headers['content-encoding']).toBe('br');
  });

  it('keeps its version when it is compressed: a weak ETag is made strong again in the next request', async () => {
    gateway.upstream.answering = answering(200, { 'content-type': 'application/json', etag: '"3"' }, 'x'.repeat(3_000));
    const { headers } = await gateway.ask(HOST, '/api/v1/quotes/7', { headers: ['Accept-Encoding: gzip'] });
    expect(headers['etag']).toBe('W/"3"');
    gateway.upstream.reset();
    await gateway.ask(HOST, '/api/v1/quotes/7', {
      method: 'PATCH',
      body: '{}',
      headers: [`If-Match: ${headers['etag']}`],
    });
    expect(gateway.upstream.last.headers['if-match']).toBe('"3"');
    await gateway.ask(HOST, '/api/v1/quotes/7', { method: 'PATCH', body: '{}', headers: ['If-Match: "4"'] });
    expect(gateway.upstream.last.headers['if-match']).toBe('"4"');
  });
});

describe('the web application', () => {
  it('is answered by the vertical while it is not installed', async () => {
    await gateway.ask(HOST, '/');
    await gateway.ask(CONSOLE, '/tenants');
    expect(gateway.upstream.seen.map(({ url }) => url)).toEqual(['/', '/tenants']);
  });

  it('is served by the gateway once it is installed: immutable files, one page for every screen, no hidden files', async () => {
    gateway.install({
      'web/store/index.html': '<title>store</title>',
      'web/store/assets/app.1a2b3c.js': 'export {}',
      'web/store/.secret': 'nothing for anybody',
      'web/console/index.html': '<title>console</title>',
      'web/secret.txt': 'nothing for anybody',
    });
    for (const target of ['/', '/quotes/7', '/index.html']) {
      const page = await gateway.ask(HOST, target);
      expect(page).toMatchObject({
        status: 200,
        body: '<title>store</title>',
        headers: { ...SECURITY, 'content-type': 'text/html', 'cache-control': 'no-cache' },
      });
      expect(page.headers['content-security-policy']).toMatch(/^default-src 'self';/);
    }
    expect((await gateway.ask(CONSOLE, '/tenants')).body).toBe('<title>console</title>');
    expect(await gateway.ask(HOST, '/assets/app.1a2b3c.js')).toMatchObject({
      status: 200,
      headers: {
        ...SECURITY,
        'content-type': 'text/javascript',
        'cache-control': 'public, max-age=31536000, immutable',
      },
    });
    const missing = await gateway.ask(HOST, '/assets/old.js');
    expect(missing.status).toBe(404);
    expect(missing.headers['cache-control']).toBe('no-store');
    for (const target of [
      '/.secret',
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/assets/..%2f.secret',
      '/assets/../../secret.txt',
    ])
      expect((await gateway.ask(HOST, target)).body).not.toContain('nothing for anybody');
    expect(gateway.upstream.seen).toEqual([]);

    for (const target of [
      '/docs',
      '/docs/files/a.js',
      '/redoc',
      '/reference',
      '/openapi.json',
      '/api/v1/products',
      '/health',
    ])
      expect((await gateway.ask(HOST, target)).headers['content-type']).toBe('application/json');
    expect(gateway.upstream.seen).toHaveLength(7);
  });
});

describe('the log', () => {
  const SECRET = 'kQ7v2mXw9ZrT4bN8';

  it('has one JSON object per line, with the ids of the request', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await gateway.ask(HOST, '/api/v1/products/17', {
      method: 'PUT',
      body: '{}',
      headers: [`traceparent: 00-${trace}-00f067aa0ba902b7-01`, 'User-Agent: a "quoted" \\ one'],
    });
    const line = await gateway.logged(({ path }) => path === '/api/v1/products/17');
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      service: 'gateway',
      request_id: answer.headers['x-request-id'],
      trace_id: trace,
      tenant: 'acme',
      host: HOST,
      method: 'PUT',
      path: '/api/v1/products/17',
      status: 200,
      seconds: expect.any(Number),
      upstream: gateway.upstream.address,
      upstream_status: '200',
      upstream_connect_seconds: expect.stringMatching(/^\d+\.\d+$/),
      upstream_seconds: expect.stringMatching(/^\d+\.\d+$/),
      bytes: expect.any(Number),
      request_bytes: expect.any(Number),
      address: '127.0.0.1',
      protocol: 'HTTP/1.1',
      tls: 'TLSv1.3',
      user_agent: 'a "quoted" \\ one',
    });
    expect(line['request_id']).toBe(gateway.upstream.last.headers['x-request-id']);
  });

  it('stays valid JSON for any request', async () => {
    const lines = gateway.log().length;
    for (const text of [
      'GET /\r\n',
      '\x00\xff\r\n\r\n',
      'GET /"}\\ HTTP/1.1\r\nHost: "}{\r\nConnection: close\r\n\r\n',
      `GET /é\x7f HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nUser-Agent: \xff"\r\n\r\n`,
    ])
      await gateway.raw(text);
    await gateway.ask('evil.test', '/');
    await gateway.logged(({ status, host }) => status === 421 && host === 'evil.test');
    const written = gateway.log().slice(lines);
    expect(written.map(({ status }) => status)).toEqual([421, 400, 421, expect.any(Number), 421]);
    expect(written[1]).toMatchObject({ host: '', path: '', method: expect.any(String) });
    for (const line of gateway.log()) expect(Object.keys(line)).toHaveLength(20);
  });

  it('does not contain probes', async () => {
    await gateway.ask(HOST, '/health');
    await gateway.ask('any', '/health', { isPlain: true });
    await gateway.ask(HOST, '/api/v1/after');
    await gateway.logged(({ path }) => path === '/api/v1/after');
    expect(gateway.log().filter(({ path }: LogLine) => String(path).startsWith('/health'))).toEqual([]);
  });

  it.each<[string, () => Promise<Answer>]>([
    ['in a query', () => gateway.ask(HOST, `/api/v1/products?token=${SECRET}`)],
    ['in a referrer', () => gateway.ask(HOST, '/', { headers: [`Referer: https://${HOST}/q/${SECRET}`] })],
    [
      'in a header',
      () => gateway.ask(HOST, '/', { headers: [`Authorization: Bearer ${SECRET}`, `Cookie: a=${SECRET}`] }),
    ],
    [
      'in a body that is refused',
      () => gateway.ask(HOST, '/api/v1/products', { method: 'POST', body: SECRET.repeat(400) }),
    ],
    ['in a quote’s link', () => gateway.ask(HOST, `/q/${SECRET}`)],
    ['in a quote’s link that is written otherwise', () => gateway.ask(HOST, `/x/..//%71/${SECRET}`)],
    ['in a quote’s link over plain HTTP', () => gateway.ask(HOST, `/q/${SECRET}`, { isPlain: true })],
    ['in a quote’s link over HTTP/2', () => gateway.ask2(HOST, `/q/${SECRET}?a=1`)],
    ['in a quote’s link that is too large', () => gateway.ask(HOST, `/q/${SECRET}`, big(5_000))],
    [
      'in a quote’s link whose answer breaks off',
      () => {
        gateway.upstream.answering = (_, response) => response.socket!.destroy();
        return gateway.ask(HOST, `/q/${SECRET}`);
      },
    ],
  ])('never has a secret: %s', async (_, ask) => {
    await ask();
    const { headers } = await gateway.ask(HOST, '/api/v1/after');
    await gateway.logged((line) => line['request_id'] === headers['x-request-id']);
    expect(gateway.logText()).not.toContain(SECRET);
    expect(gateway.errorText()).not.toContain(SECRET);
  });
});

describe('many requests on one HTTP/2 connection', () => {
  it('get each its own answer', async () => {
    const session = http2.connect(`https://127.0.0.1:${gateway.ports.tls}`, {
      servername: HOST,
      rejectUnauthorized: false,
    });
    const urls = await Promise.all(
      Array.from({ length: 40 }, (_, nth) => {
        const stream = session.request({ ':authority': HOST, ':path': `/api/v1/products/${nth}` });
        return new Promise<string>((resolve, reject) => {
          let body = '';
          stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
          stream.on('error', reject).on('end', () => resolve((JSON.parse(body) as { url: string }).url));
        });
      }),
    );
    session.close();
    expect(urls).toEqual(urls.map((_, nth) => `/api/v1/products/${nth}`));
    expect(parsed('HTTP/1.1 200 OK\r\na: 1\r\na: 2\r\n\r\n').headers['a']).toBe('1\n2');
  });
});
