/** TLS versions, redirects, and the replacement of a certificate while requests run. */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { waitUntil } from '#testing/waiting';
import { DOMAIN, Gateway, GATEWAY_FOLDER, parsed, ran, wait } from './gateway.js';
import { makeCertificate } from './openssl.js';

const HOST = `acme.${DOMAIN}`;
const FINGERPRINT = /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start();
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

interface Handshake {
  readonly protocol: string | null;
  readonly cipher: string;
  readonly alpn: string | false | null;
  readonly hasTicket: boolean;
  readonly fingerprint: string;
  readonly names: string | undefined;
}

function handshake(options: tls.ConnectionOptions = {}): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      { host: '127.0.0.1', port: gateway.ports.tls, servername: HOST, rejectUnauthorized: false, ...options },
      () => {
        const certificate = socket.getPeerCertificate();
        resolve({
          protocol: socket.getProtocol(),
          cipher: socket.getCipher().name,
          alpn: socket.alpnProtocol,
          hasTicket: socket.getTLSTicket() !== undefined,
          fingerprint: certificate.fingerprint256,
          names: certificate.subjectaltname,
        });
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

describe('TLS', () => {
  it('is 1.3, or 1.2 for older clients; without tickets, which would weaken forward secrecy', async () => {
    expect(await handshake()).toMatchObject({ protocol: 'TLSv1.3', fingerprint: expect.stringMatching(FINGERPRINT) });
    const older = await handshake({ maxVersion: 'TLSv1.2' });
    expect(older).toMatchObject({ protocol: 'TLSv1.2', hasTicket: false });
    expect(older.cipher).toMatch(/^ECDHE-ECDSA-.*(GCM|POLY1305)/);
  });

  it.each<[string, tls.ConnectionOptions]>([
    ['1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
    ['1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }],
    ['block ciphers', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384' }],
    ['keys without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }],
  ])('is not %s', async (_, options) => {
    await expect(handshake(options)).rejects.toThrow(/alert|unsupported|handshake/i);
  });

  it('carries HTTP/2 for clients that support it', async () => {
    expect((await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn).toBe('h2');
    expect((await handshake({ ALPNProtocols: ['http/1.1'] })).alpn).toBe('http/1.1');
    const answer = await gateway.ask2(HOST, '/api/v1/products');
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    expect((await gateway.logged(({ protocol }) => protocol === 'HTTP/2.0'))['tls']).toBe('TLSv1.3');
  });

  it('is the target of plain HTTP’s redirect, with method and query, and the only place with HSTS', async () => {
    const moved = await gateway.ask(HOST, '/api/v1/products?limit=5', { isPlain: true, method: 'POST', body: '{}' });
    expect(moved).toMatchObject({ status: 308, headers: { location: `https://${HOST}/api/v1/products?limit=5` } });
    expect(moved.headers).not.toHaveProperty('strict-transport-security');
    expect(gateway.upstream.seen).toEqual([]);
    const secure = await gateway.ask(HOST, '/api/v1/products');
    expect(secure.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    expect((await gateway.ask(`console.${DOMAIN}`, '/', { isPlain: true })).headers['location']).toBe(
      `https://console.${DOMAIN}/`,
    );
  });

  it('answers plain HTTP on its port with an error', async () => {
    const socket = (await import('node:net')).connect(gateway.ports.tls, '127.0.0.1');
    const text = await new Promise<string>((resolve) => {
      let all = '';
      socket.on('data', (chunk: Buffer) => (all += chunk.toString())).on('close', () => resolve(all));
      socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    });
    expect(parsed(text).status).toBe(400);
    expect(JSON.parse(parsed(text).body)).toMatchObject({ code: 'malformed_request' });
  });
});

describe('a challenge of the certificate authority', () => {
  it('is answered at any host over plain HTTP, and no file outside its folder is', async () => {
    gateway.install({ 'acme/.well-known/acme-challenge/token-1': 'token-1.key', secret: 'nothing for anybody' });
    for (const host of [HOST, `console.${DOMAIN}`, 'shop.of-its-own.test']) {
      const answer = await gateway.ask(host, '/.well-known/acme-challenge/token-1', { isPlain: true });
      expect(answer).toMatchObject({ status: 200, body: 'token-1.key', headers: { 'content-type': 'text/plain' } });
    }
    const outside = await gateway.ask(HOST, '/.well-known/acme-challenge/../../../secret', { isPlain: true });
    expect(outside.body).not.toContain('nothing for anybody');
  });
});

describe('a certificate', () => {
  const pair = async (name: string, names: readonly string[], days?: number) => {
    const folder = path.join(gateway.folder, name);
    mkdirSync(folder);
    await makeCertificate(folder, names, days);
    return folder;
  };
  const current = () => readlinkSync(path.join(gateway.folder, 'certificates/current'));

  it('exists at the first start, and only its owner can read the key', () => {
    expect(current()).toBe('placeholder');
    expect(statSync(path.join(gateway.folder, 'certificates/placeholder/privkey.pem')).mode & 0o077).toBe(0);
  });

  it('for another name, expired or with another key is refused, and the old one stays', async () => {
    const good = await pair('good', [`*.${DOMAIN}`]);
    const other = await pair('other', ['*.evil.test']);
    const narrow = await pair('narrow', [`console.${DOMAIN}`]);
    const ending = await pair('ending', [`*.${DOMAIN}`], 1);
    const mixed = await pair('mixed', [`*.${DOMAIN}`]);
    const { copyFileSync } = await import('node:fs');
    copyFileSync(path.join(good, 'privkey.pem'), path.join(mixed, 'privkey.pem'));
    const broken = await pair('broken', [`*.${DOMAIN}`]);
    writeFileSync(path.join(broken, 'fullchain.pem'), 'not a certificate');
    const before = await handshake();
    for (const [folder, complaint] of [
      [other, /does not cover \*\.shop\.test/],
      [narrow, /does not cover \*\.shop\.test/],
      [ending, /ends within a day/],
      [mixed, /does not belong to/],
      [broken, /is not a certificate/],
      [path.join(gateway.folder, 'nowhere'), /needs fullchain\.pem/],
    ] as const) {
      const ran = await gateway.script('renew-hook', folder);
      expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(complaint)]);
      expect(ran.stderr.trim().split('\n')).toHaveLength(1);
    }
    expect(current()).toBe('placeholder');
    expect((await handshake()).fingerprint).toBe(before.fingerprint);
  });

  it('that fits is installed without interrupting a running request', async () => {
    const folder = await pair('renewed', [`*.${DOMAIN}`]);
    let answer: (() => void) | undefined;
    gateway.upstream.answering = (_, response) => void (answer = () => response.end('{"kept":true}'));
    const running = gateway.ask(HOST, '/api/v1/products');
    await waitUntil('the request runs', () => answer !== undefined);

    const rehearsed = await gateway.script('renew-hook', folder, '--dry-run');
    expect([rehearsed.code, current()]).toEqual([0, 'placeholder']);
    const ran = await gateway.script('renew-hook', folder);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('certificate until')]);

    // For a tenth of a second after the new workers have started, the old ones accept connections as well.
    let inARow = 0;
    for (let attempt = 0; attempt < 200 && inARow < 20; attempt++) {
      inARow = (await handshake()).names === `DNS:*.${DOMAIN}` ? inARow + 1 : 0;
      await wait(20);
    }
    expect(inARow).toBe(20);
    answer!();
    expect(await running).toMatchObject({ status: 200, body: '{"kept":true}' });
    // Unknown hosts still get the placeholder.
    expect((await handshake({ servername: 'evil.test' })).names).toBe('DNS:placeholder.invalid');
  });

  it('is also served at the bare domain, without HSTS and with 421', async () => {
    const { names, fingerprint } = await handshake({ servername: DOMAIN });
    expect({ names, fingerprint }).toEqual({ names: `DNS:*.${DOMAIN}`, fingerprint: (await handshake()).fingerprint });
    const answer = await gateway.ask(DOMAIN, '/', { sni: DOMAIN });
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([421, 'unknown_host']);
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
  });

  it('that is installed is recorded with its dates in the metrics', async () => {
    const folder = await pair('noted', [`*.${DOMAIN}`], 30);
    const note = path.join(gateway.folder, 'metrics/certificate.prom');
    expect((await gateway.script('renew-hook', folder)).code).toBe(0);
    expect(existsSync(note)).toBe(false);
    mkdirSync(path.dirname(note));
    expect((await gateway.script('renew-hook', folder, '--dry-run')).code).toBe(0);
    expect(existsSync(note)).toBe(false);
    expect((await gateway.script('renew-hook', folder)).code).toBe(0);
    const { validFrom, validTo } = new X509Certificate(readFileSync(path.join(folder, 'fullchain.pem')));
    for (const [name, at] of [
      ['starts', validFrom],
      ['ends', validTo],
    ] as const)
      expect(readFileSync(note, 'utf8')).toContain(
        `\nbasecommerce_certificate_${name}_seconds ${Date.parse(at) / 1_000}\n`,
      );
  });
});

describe('the command that gets one', () => {
  const certificate = (...words: string[]) => ran(path.join(GATEWAY_FOLDER, 'certificate'), words, gateway.environment);

  it.each<[string, RegExp]>([
    ['', /^certificate: who answers the challenge\? Give --plugin; see --help$/],
    ['--plugin', /^certificate: --plugin needs a value; see --help$/],
    ['--plugin x;y', /^certificate: --plugin takes a name such as cloudflare, not x;y$/],
    ['--email --plugin', /^certificate: --email needs a value/],
    ['--renew --force', /^certificate: --renew uses the options of the first run/],
    ['--renew -- --quiet', /^certificate: --renew uses the options of the first run/],
    ['--plugin rfc2136 --env /nowhere', /^certificate: \/nowhere cannot be read$/],
  ])('refuses “%s” in one line', async (words, complaint) => {
    const { code, stderr } = await certificate(...words.split(' ').filter(Boolean));
    expect([code, stderr.trimEnd()]).toEqual([64, expect.stringMatching(complaint)]);
  });

  it('prints its plan and changes nothing in a dry run', async () => {
    const { code, stderr } = await certificate('--plugin', 'rfc2136', '--dry-run');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /1\. install python3-certbot-dns-rfc2136(.*\n)+.*3\. ask for a certificate for \*\.shop\.test and shop\.test(.*\n)+.*certbot\.timer/,
    );
    expect((await certificate('--plugin', 'standalone', '--dry-run')).stderr).toMatch(/2\. open port 53/);
    for (const words of ['--renew --dry-run', '--plugin rfc2136 -- --dns-rfc2136-propagation-seconds 1 --dry-run'])
      expect((await certificate(...words.split(' '))).stderr).toMatch(/This is a dry run/);
    expect(existsSync(path.join(gateway.folder, 'dns.ini'))).toBe(false);
  });
});
