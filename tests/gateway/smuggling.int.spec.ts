/**
 * Requests that the gateway and the server behind it could understand differently. The gateway writes each request
 * again that it passes on, so each has its headers; a smuggled request would have the attacker's.
 */
import { DOMAIN, Gateway, parsed, wait } from './gateway.js';
import { request } from './http2-frames.js';
import { timesSent } from './upstream.js';

const HOST = `acme.${DOMAIN}`;
const SMUGGLED = `GET /smuggled HTTP/1.1\r\nHost: bolt.${DOMAIN}\r\nX-Tenant-Slug: bolt\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`;
const CHUNKED_END = '0\r\n\r\n';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start({ GATEWAY_HEADER_TIMEOUT: '1s', GATEWAY_BODY_TIMEOUT: '1s' });
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

/** Header lines after the host, then the unchanged body. */
const attack = (lines: readonly string[], body: string, end = '\r\n') =>
  ['POST /api/v1/products HTTP/1.1', `Host: ${HOST}`, ...lines, 'Connection: close', '', body].join(end);

/** Checks that no received request was written by the client. */
function expectOurMarks() {
  for (const seen of gateway.upstream.seen) {
    for (const name of ['x-tenant-slug', 'x-request-id', 'x-forwarded-for', 'host'])
      expect(timesSent(seen, name)).toBe(1);
    expect(seen.headers).toMatchObject({
      'x-tenant-slug': String(seen.headers.host).split('.')[0],
      'x-forwarded-for': '127.0.0.1',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  }
}

describe('a request of two lengths', () => {
  it.each<[string, readonly string[], string]>([
    [
      'a length and chunks',
      [`Content-Length: ${SMUGGLED.length + 5}`, 'Transfer-Encoding: chunked'],
      CHUNKED_END + SMUGGLED,
    ],
    ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 5'], CHUNKED_END + SMUGGLED],
    ['two lengths that differ', ['Content-Length: 0', `Content-Length: ${SMUGGLED.length}`], SMUGGLED],
    ['two lengths that agree', ['Content-Length: 4', 'Content-Length: 4'], 'abcd'],
    ['two lengths in one line', [`Content-Length: 0, ${SMUGGLED.length}`], SMUGGLED],
    ['a length with a sign', [`Content-Length: +${SMUGGLED.length}`], SMUGGLED],
    ['a length below zero', ['Content-Length: -1'], SMUGGLED],
    ['a length in another base', ['Content-Length: 0x10'], SMUGGLED],
    ['a length beyond numbers', ['Content-Length: 99999999999999999999'], SMUGGLED],
    ['two encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], CHUNKED_END + SMUGGLED],
    ['two encodings in one line', ['Transfer-Encoding: identity, chunked'], CHUNKED_END + SMUGGLED],
    ['an encoding nobody knows', ['Transfer-Encoding: xchunked'], CHUNKED_END + SMUGGLED],
    ['an encoding with more after it', ['Transfer-Encoding: chunked;q=1'], CHUNKED_END + SMUGGLED],
    ['an encoding in quotes', ['Transfer-Encoding: "chunked"'], CHUNKED_END + SMUGGLED],
    ['an encoding behind a vertical tab', ['Transfer-Encoding: \x0bchunked'], CHUNKED_END + SMUGGLED],
    [
      'an encoding with a space before the colon',
      ['Transfer-Encoding : chunked', 'Content-Length: 5'],
      CHUNKED_END + SMUGGLED,
    ],
    ['a length with a space before the colon', [`Content-Length : ${SMUGGLED.length}`], SMUGGLED],
    ['a null in a name', ['Content-\0Length: 5'], 'abcde'],
  ])('is refused: %s', async (_, lines, body) => {
    const answers = await gateway.raw(attack(lines, body));
    expect(parsed(answers).status).toBeGreaterThanOrEqual(400);
    expect(answers.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(gateway.upstream.seen).toEqual([]);
  });
});

describe('a request written oddly', () => {
  it.each<[string, string]>([
    ['a folded header', attack(['X-A: b', ' X-Tenant-Slug: bolt', 'Content-Length: 0'], '')],
    ['a folded encoding', attack(['Transfer-Encoding:', ' chunked', 'Content-Length: 5'], CHUNKED_END + SMUGGLED)],
    [
      'an encoding with an underscore',
      attack(['Transfer_Encoding: chunked', `Content-Length: ${SMUGGLED.length}`], SMUGGLED),
    ],
    ['line feeds alone', attack([`Content-Length: ${SMUGGLED.length}`], SMUGGLED, '\n')],
    ['a carriage return alone in a value', attack(['X-A: b\rX-Tenant-Slug: bolt', 'Content-Length: 0'], '')],
    ['a line feed alone in a value', attack(['X-A: b\nX-Tenant-Slug: bolt', 'Content-Length: 0'], '')],
    [
      'a chunk with an extension',
      attack(['Transfer-Encoding: chunked'], `5;a="\n\r\n\r\n"\r\nabcde\r\n${CHUNKED_END}`),
    ],
    ['a chunk ended by a line feed', attack(['Transfer-Encoding: chunked'], `5\nabcde\n0\n\n${SMUGGLED}`)],
    [
      'a chunk size that overflows',
      attack(['Transfer-Encoding: chunked'], `fffffffffffffffff\r\nabcde\r\n${CHUNKED_END}`),
    ],
    ['a chunk size with a prefix', attack(['Transfer-Encoding: chunked'], `0x5\r\nabcde\r\n${CHUNKED_END}`)],
    ['a chunk that is longer than it says', attack(['Transfer-Encoding: chunked'], `3\r\nabcde\r\n${CHUNKED_END}`)],
    [
      'trailers',
      attack(['Transfer-Encoding: chunked'], `5\r\nabcde\r\n0\r\nX-Tenant-Slug: bolt\r\nContent-Length: 9\r\n\r\n`),
    ],
    ['spaces before the version', `GET /api/v1/products  HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`],
    [
      'a second request in the path',
      `GET /a%20HTTP/1.1%0d%0aX-Tenant-Slug:%20bolt%0d%0a HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`,
    ],
    ['a method nobody knows', attack(['Content-Length: 0'], '').replace('POST', 'p OST')],
    ['a request of the first days', 'GET /api/v1/products\r\n'],
    [
      'a request in pieces, with another behind it',
      attack(['Content-Length: 3'], `abc${SMUGGLED.replace('\r\n', '\r\nConnection: close\r\n')}`).replace(
        'Connection: close',
        'X-A: b',
      ),
    ],
  ])('arrives in the gateway’s own words or not at all: %s', async (_, text) => {
    await gateway.raw(text);
    await wait(20);
    expectOurMarks();
    // The bytes after the first request make at most one more request, to the store that it names, as if it had come
    // alone.
    expect(gateway.upstream.seen.length).toBeLessThanOrEqual(2);
    for (const { url, headers } of gateway.upstream.seen)
      expect([url === '/smuggled', headers['x-tenant-slug']]).toEqual([
        url === '/smuggled',
        url === '/smuggled' ? 'bolt' : 'acme',
      ]);
  });

  it('does not interpret a body as a request', async () => {
    const answer = parsed(await gateway.raw(attack([`Content-Length: ${SMUGGLED.length}`], SMUGGLED)));
    expect(answer.status).toBe(200);
    expect(gateway.upstream.seen).toMatchObject([{ url: '/api/v1/products', body: SMUGGLED }]);
    const size = SMUGGLED.length.toString(16);
    await gateway.raw(attack(['Transfer-Encoding: chunked'], `${size}\r\n${SMUGGLED}\r\n${CHUNKED_END}`));
    expect(gateway.upstream.last).toMatchObject({
      body: SMUGGLED,
      headers: { 'content-length': String(SMUGGLED.length) },
    });
  });
});

describe('a request that was HTTP/2', () => {
  const pseudo = [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':authority', HOST],
    [':path', '/api/v1/products'],
  ] as const;

  it('arrives when it is well-formed, so that the refusals below mean something', async () => {
    expect(await request(gateway.ports.tls, [...pseudo, ['content-length', '4']], 'abcd')).toMatchObject({
      status: 200,
    });
    expect(gateway.upstream.seen).toMatchObject([{ body: 'abcd', headers: { 'x-tenant-slug': 'acme' } }]);
  });

  it.each<[string, readonly (readonly [string, string])[], string]>([
    ['a length that is not that of its body', [...pseudo, ['content-length', '0']], SMUGGLED],
    ['an encoding of chunks', [...pseudo, ['transfer-encoding', 'chunked']], CHUNKED_END + SMUGGLED],
    ['a connection header', [...pseudo, ['connection', 'x-tenant-slug']], ''],
    ['a line break in a value', [...pseudo, ['x-a', 'b\r\nx-tenant-slug: bolt']], ''],
    ['a line break in a name', [...pseudo, ['x-a: b\r\nx-tenant-slug', 'bolt']], ''],
    ['a line break in the path', [...pseudo.slice(0, 3), [':path', `/ HTTP/1.1\r\nx-tenant-slug: bolt\r\n\r\n`]], ''],
    ['a line break in the method', [[':method', `POST / HTTP/1.1\r\nx-a: b`], ...pseudo.slice(1)], ''],
    ['two paths', [...pseudo, [':path', '/smuggled']], ''],
    ['two authorities', [...pseudo, [':authority', `bolt.${DOMAIN}`]], ''],
    ['a header in capitals', [...pseudo, ['X-Tenant-Slug', 'bolt']], ''],
  ])('carries nothing over into HTTP/1.1: %s', async (_, fields, body) => {
    const reply = await request(gateway.ports.tls, fields, body);
    await wait(20);
    expectOurMarks();
    for (const { url, headers } of gateway.upstream.seen) {
      expect(url).toBe('/api/v1/products');
      expect(headers['x-tenant-slug']).toBe('acme');
      expect(headers).not.toHaveProperty('transfer-encoding');
    }
    if (gateway.upstream.seen.length === 0) expect(reply.isReset || reply.status! >= 400).toBe(true);
  });
});
