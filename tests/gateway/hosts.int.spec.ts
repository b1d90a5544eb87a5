/** The host decides the tenant of a request. These tests send every kind of malformed and foreign host name. */
import tls from 'node:tls';
import { DOMAIN, Gateway, parsed } from './gateway.js';

const LONGEST = 'a'.repeat(63);
let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const slug = () => gateway.upstream.last.headers['x-tenant-slug'];

const NOBODYS = [
  DOMAIN,
  'evil.test',
  `acme.${DOMAIN}.evil.test`,
  `a.b.${DOMAIN}`,
  `acme.console.${DOMAIN}`,
  `-acme.${DOMAIN}`,
  `acme-.${DOMAIN}`,
  `ac--me.${DOMAIN}`,
  `ac_me.${DOMAIN}`,
  'acmeXshopXtest',
  `x${DOMAIN}`,
  `.${DOMAIN}`,
  // Letters of another script that look like Latin ones, in their encoded form.
  `xn--cme-5cd.${DOMAIN}`,
  `${'a'.repeat(64)}.${DOMAIN}`,
  '127.0.0.1',
  '[::1]',
  'localhost',
  '_',
  '""',
];

describe('an unknown host', () => {
  it.each(NOBODYS)('is misdirected over TLS: %s', async (host) => {
    const answer = await gateway.ask(host, '/api/v1/products');
    expect([421, 400]).toContain(answer.status);
    // Text that cannot be a host is malformed; any other unknown name belongs to another site.
    if (answer.status === 400) expect(host).toMatch(/^(\.|"")/);
    expect(gateway.upstream.seen).toEqual([]);
  });

  it.each(NOBODYS)('is misdirected over plain HTTP: %s', async (host) => {
    expect([421, 400]).toContain((await gateway.ask(host, '/', { isPlain: true })).status);
    expect(gateway.upstream.seen).toEqual([]);
  });

  it('is misdirected over HTTP/2, also without a host', async () => {
    expect((await gateway.ask2('evil.test', '/')).status).toBe(421);
    expect(parsed(await gateway.raw('GET / HTTP/1.0\r\n\r\n')).status).toBe(421);
    expect(parsed(await gateway.raw('GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).status).toBe(400);
    expect(parsed(await gateway.raw('GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')).status).not.toBe(200);
    expect(gateway.upstream.seen).toEqual([]);
  });

  it('sees a certificate without a real name', async () => {
    const names = await new Promise<string | undefined>((resolve) => {
      const socket = tls.connect(
        { host: '127.0.0.1', port: gateway.ports.tls, rejectUnauthorized: false },
        () => resolve(socket.getPeerCertificate().subjectaltname) ?? socket.destroy(),
      );
    });
    expect(names).toBe('DNS:placeholder.invalid');
  });
});

describe('a store’s host', () => {
  it.each([
    [`acme.${DOMAIN}`, 'acme'],
    [`ACME.${DOMAIN}`, 'acme'],
    [`acme.${DOMAIN.toUpperCase()}`, 'acme'],
    [`acme.${DOMAIN}:8443`, 'acme'],
    [`acme.${DOMAIN}.`, 'acme'],
    [`a1-b2.${DOMAIN}`, 'a1-b2'],
    [`7.${DOMAIN}`, '7'],
    [`${LONGEST}.${DOMAIN}`, LONGEST],
  ])('is taken for what it is: %s', async (host, expected) => {
    expect((await gateway.ask(host, '/')).status).toBe(200);
    expect(slug()).toBe(expected);
    expect(gateway.upstream.last.headers.host).toBe(`${expected}.${DOMAIN}`);
  });

  it('may occur once: two are refused, in any order', async () => {
    for (const [first, second] of [
      [`acme.${DOMAIN}`, `bolt.${DOMAIN}`],
      [`acme.${DOMAIN}`, `acme.${DOMAIN}`],
    ]) {
      const answer = await gateway.raw(
        `GET / HTTP/1.1\r\nHost: ${first}\r\nHost: ${second}\r\nConnection: close\r\n\r\n`,
      );
      expect(parsed(answer).status).toBe(400);
    }
    expect(gateway.upstream.seen).toEqual([]);
  });

  it('is taken from an absolute URL, and passed to the vertical', async () => {
    await gateway.ask(`acme.${DOMAIN}`, `https://bolt.${DOMAIN}/api/v1/products`);
    expect(slug()).toBe('bolt');
    expect(gateway.upstream.last).toMatchObject({ url: '/api/v1/products', headers: { host: `bolt.${DOMAIN}` } });
    expect((await gateway.ask(`acme.${DOMAIN}`, 'https://evil.test/')).status).toBe(421);
  });

  it('is not the name of the handshake: a browser keeps one connection for all names of a certificate', async () => {
    await gateway.ask(`bolt.${DOMAIN}`, '/', { sni: `acme.${DOMAIN}` });
    expect(slug()).toBe('bolt');
    expect((await gateway.ask('evil.test', '/', { sni: `acme.${DOMAIN}` })).status).toBe(421);
    await gateway.ask(`acme.${DOMAIN}`, '/', { sni: 'evil.test' });
    expect(slug()).toBe('acme');
  });

  it('is the authority over HTTP/2, even if a Host header differs', async () => {
    const claims = { 'x-tenant-slug': 'evil', x_tenant_slug: 'evil', 'x-forwarded-host': `evil.${DOMAIN}` };
    expect((await gateway.ask2(`bolt.${DOMAIN}`, '/api/v1/products', claims)).status).toBe(200);
    expect(slug()).toBe('bolt');
    expect(gateway.upstream.last.headers).toMatchObject({
      host: `bolt.${DOMAIN}`,
      'x-forwarded-host': `bolt.${DOMAIN}`,
    });
    expect(gateway.upstream.last.headers).not.toHaveProperty('x_tenant_slug');
  });

  it('may not differ from the authority over HTTP/2', async () => {
    gateway.upstream.reset();
    const answer = await gateway.ask2(`acme.${DOMAIN}`, '/', { host: `bolt.${DOMAIN}` }).catch(() => undefined);
    // Refused, or the same one of the two everywhere: never one for the tenant and the other for the vertical.
    for (const { headers } of gateway.upstream.seen)
      expect(headers.host).toBe(`${String(headers['x-tenant-slug'])}.${DOMAIN}`);
    if (answer?.status === 200) expect(gateway.upstream.seen).toHaveLength(1);
  });
});

describe('the console’s host', () => {
  it('has no slug, and stores do not reach its interface', async () => {
    await gateway.ask(`console.${DOMAIN}`, '/operator/v1/tenants', { headers: ['X-Tenant-Slug: acme'] });
    expect(gateway.upstream.last.headers).not.toHaveProperty('x-tenant-slug');
    gateway.upstream.reset();
    for (const target of ['/operator', '/operator/v1/tenants', '/OPERATOR/../operator/v1/tenants'])
      expect((await gateway.ask(`acme.${DOMAIN}`, target)).status).toBe(404);
    expect((await gateway.ask(`console.${DOMAIN}`, '/api/v1/products')).status).toBe(404);
    expect(gateway.upstream.seen).toEqual([]);
  });
});
