/**
 * The limits per store and per address. A trusted load balancer is in front, so that requests come from many addresses.
 */
import type { ServerResponse } from 'node:http';
import { waitUntil } from '#testing/waiting';
import { type Answer, DOMAIN, Gateway, parsed } from './gateway.js';

const CONSOLE = `console.${DOMAIN}`;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start({
    GATEWAY_TRUSTED: '127.0.0.1',
    GATEWAY_CONSOLE_ALLOW: '10.1.0.0/16',
    GATEWAY_TENANT_RATE: '6r/m',
    GATEWAY_TENANT_BURST: '20',
    GATEWAY_TENANT_CONNECTIONS: '6',
    GATEWAY_ADDRESS_RATE: '6r/m',
    GATEWAY_ADDRESS_BURST: '9',
    GATEWAY_ADDRESS_CONNECTIONS: '3',
    GATEWAY_SIGN_IN_RATE: '1r/m',
    GATEWAY_SIGN_IN_BURST: '2',
    GATEWAY_SIGN_IN_TENANT_RATE: '6r/m',
    GATEWAY_SIGN_IN_TENANT_BURST: '5',
    GATEWAY_ADDRESS_STREAMS: '2',
    GATEWAY_CONSOLE_RATE: '6r/m',
    GATEWAY_CONSOLE_BURST: '4',
  });
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

let nth = 0;
const freshAddress = () => `198.51.${100 + Math.floor(++nth / 250)}.${1 + (nth % 250)}`;
let store = 0;
const freshStore = () => `store-${++store}`;

const from = (address: string, slug: string, target = '/api/v1/products', method = 'GET'): Promise<Answer> =>
  gateway.ask(`${slug}.${DOMAIN}`, target, { method, headers: [`X-Forwarded-For: ${address}`] });

/** Sends so many requests, one after the other, and counts the answers by status. */
async function counted(times: number, ask: () => Promise<Answer>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (let n = 0; n < times; n++) {
    const { status } = await ask();
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

describe('requests', () => {
  it('of a busy store reach the limit without affecting another store', async () => {
    const [busy, calm] = [freshStore(), freshStore()];
    expect(await counted(25, () => from(freshAddress(), busy))).toEqual({ 200: 21, 429: 4 });
    expect(await counted(5, () => from(freshAddress(), calm))).toEqual({ 200: 5 });
    const refused = await from(freshAddress(), busy);
    expect(refused).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1', 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    });
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'rate_limited', status: 429 });
  });

  it('of one address to any stores reach the limit, and another address does not', async () => {
    const address = freshAddress();
    expect(await counted(13, () => from(address, freshStore()))).toEqual({ 200: 10, 429: 3 });
    expect((await from(freshAddress(), freshStore())).status).toBe(200);
  });

  it('of one IPv6 network are those of one address', async () => {
    let host = 0;
    const neighbours = (network: string) => () => from(`${network}:${(++host).toString(16)}:0:0:1`, freshStore());
    expect(await counted(12, neighbours('2001:db8:a:b'))).toEqual({ 200: 10, 429: 2 });
    expect(await counted(1, neighbours('2001:db8:a:c'))).toEqual({ 200: 1 });
    // A byte of an address may equal the line feed.
    expect(await counted(12, neighbours('2001:db8:a0a:a0a'))).toEqual({ 200: 10, 429: 2 });
  });

  it('from IPv4 in its mapped form are those of the IPv4 address', async () => {
    const address = freshAddress();
    expect(await counted(6, () => from(`::ffff:${address}`, freshStore()))).toEqual({ 200: 6 });
    expect(await counted(6, () => from(address, freshStore()))).toEqual({ 200: 4, 429: 2 });
    expect((await from(`::ffff:${freshAddress()}`, freshStore())).status).toBe(200);
  });

  it('count for the last address that is not one of our balancers', async () => {
    const address = freshAddress();
    let claimed = 0;
    const lying = () => from(`6.6.6.${++claimed}, ${address}`, freshStore());
    expect(await counted(12, lying)).toEqual({ 200: 10, 429: 2 });
    expect(gateway.upstream.last.headers['x-forwarded-for']).toBe(address);
    // Two balancers of ours, one behind the other.
    await from(`6.6.6.6, ${freshAddress()}, 127.0.0.1`, freshStore());
    expect(gateway.upstream.last.headers['x-forwarded-for']).toMatch(/^198\.51\./);
  });
});

describe('signing in', () => {
  it('is limited per address, in any spelling of the path; other requests are not', async () => {
    const [address, slug] = [freshAddress(), freshStore()];
    const targets = ['/api/v1/auth/login', '/api/v1/auth/%6Cogin', '/api/v1/auth/login/', '/api/v1//auth/login?a=b'];
    const statuses = [];
    for (const target of targets) statuses.push((await from(address, slug, target, 'POST')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await from(address, slug, '/api/v1/auth/login', 'POST')).headers['retry-after']).toBe('10');
    expect((await from(address, slug, '/api/v1/auth/me')).status).toBe(200);
    expect((await from(address, slug, '/api/v1/auth/login')).status).toBe(200);
    expect((await from(freshAddress(), slug, '/api/v1/auth/login', 'POST')).status).toBe(200);
  });

  it('is limited per store over many addresses, and another store is not affected', async () => {
    const slug = freshStore();
    const tried = () => from(freshAddress(), slug, '/api/v1/auth/login', 'POST');
    expect(await counted(8, tried)).toEqual({ 200: 6, 429: 2 });
    expect((await from(freshAddress(), freshStore(), '/api/v1/auth/login', 'POST')).status).toBe(200);
  });

  it('is limited at the console', async () => {
    const tried = () => from('10.1.7.7', 'console', '/operator/v1/auth/login', 'POST');
    expect(await counted(4, tried)).toEqual({ 200: 3, 429: 1 });
  });
});

describe('requests at once', () => {
  /** Holds requests back until `release`; resolves when so many are waiting. */
  function held() {
    const waiting: ServerResponse[] = [];
    gateway.upstream.answering = (_, response) => void waiting.push(response);
    return {
      until: async (count: number) => {
        await waitUntil(`${count} requests wait`, () => waiting.length >= count);
        expect(waiting).toHaveLength(count);
      },
      release: () => waiting.forEach((response) => response.end('{}')),
    };
  }

  it('of one address are limited, and another address is served', async () => {
    const hold = held();
    const [address, slug] = [freshAddress(), freshStore()];
    const running = [1, 2, 3].map(() => from(address, slug));
    await hold.until(3);
    const refused = await from(address, freshStore());
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'too_many_at_once' });
    const neighbour = from(freshAddress(), slug);
    await hold.until(4);
    hold.release();
    for (const answer of await Promise.all([...running, neighbour])) expect(answer.status).toBe(200);
  });

  it('of one store are limited, and another store is served', async () => {
    const hold = held();
    const slug = freshStore();
    const running = Array.from({ length: 6 }, () => from(freshAddress(), slug));
    await hold.until(6);
    expect((await from(freshAddress(), slug)).status).toBe(429);
    const neighbour = from(freshAddress(), freshStore());
    await hold.until(7);
    hold.release();
    for (const answer of await Promise.all([...running, neighbour])) expect(answer.status).toBe(200);
  });

  it('and open streams are counted separately', async () => {
    const hold = held();
    const [address, slug] = [freshAddress(), freshStore()];
    const streams = [1, 2].map(() => from(address, slug, '/api/v1/stream'));
    await hold.until(2);
    expect((await from(address, slug, '/api/v1/stream')).status).toBe(429);
    const requests = [1, 2, 3].map(() => from(address, slug));
    await hold.until(5);
    hold.release();
    for (const answer of await Promise.all([...streams, ...requests])) expect(answer.status).toBe(200);
  });
});

describe('the console', () => {
  it('is open to the addresses that the operator named, and to no other', async () => {
    const refused = await from(freshAddress(), 'console', '/operator/v1/tenants');
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'address_not_allowed' });
    expect((await from(freshAddress(), 'console', '/')).status).toBe(403);
    expect((await from('10.1.2.3', 'console', '/operator/v1/tenants')).status).toBe(200);
    // A client that claims such an address in a header.
    expect((await from(`10.1.2.3, ${freshAddress()}`, 'console', '/operator/v1/tenants')).status).toBe(403);
    expect((await from(freshAddress(), 'console', '/health')).status).toBe(200);
  });

  it('has a lower limit than a store', async () => {
    expect(await counted(7, () => from('10.1.9.9', 'console', '/operator/v1/tenants'))).toEqual({ 200: 5, 429: 2 });
  });

  it('accepts a payment provider’s burst from any address, without losing a message', async () => {
    const address = freshAddress();
    const message = () =>
      gateway.ask(CONSOLE, '/operator/v1/webhooks/stripe', {
        method: 'POST',
        body: '{"id":"evt_1"}',
        headers: [`X-Forwarded-For: ${address}`, 'Stripe-Signature: t=1,v1=abc'],
      });
    const answers = await Promise.all(Array.from({ length: 100 }, message));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(gateway.upstream.seen).toHaveLength(100);
    expect(gateway.upstream.last).toMatchObject({
      body: '{"id":"evt_1"}',
      headers: { 'stripe-signature': 't=1,v1=abc', 'content-length': '14' },
    });
  });
});

describe('a balancer that speaks the PROXY protocol', () => {
  it('is trusted if its address is configured and the protocol is switched on', async () => {
    const proxied = await Gateway.start({ GATEWAY_TRUSTED: '127.0.0.1', GATEWAY_TRUSTED_HEADER: 'proxy_protocol' });
    try {
      const answer = await proxied.raw(
        `PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\nGET /health HTTP/1.1\r\nHost: any\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n`,
        { isPlain: true },
      );
      expect(parsed(answer).status).toBe(200);
      expect(proxied.upstream.last.headers['x-forwarded-for']).toBe('203.0.113.9');
      expect(await proxied.raw('GET /health HTTP/1.1\r\nHost: any\r\n\r\n', { isPlain: true })).not.toMatch(/ 200 /);
    } finally {
      await proxied.stop();
    }
  });
});
