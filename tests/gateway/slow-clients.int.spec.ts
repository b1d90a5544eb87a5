/** A slow client costs a connection of the gateway and nothing in the vertical. Times are scaled down. */
import type { ServerResponse } from 'node:http';
import type net from 'node:net';
import { letPass, waitUntil } from '#testing/waiting';
import { DOMAIN, Gateway, parsed, wait } from './gateway.js';

const HOST = `acme.${DOMAIN}`;
const MEBIBYTE = 1_048_576;
/** The gateway ends such connections after 1.5 s; without it they would stay for ever. */
const LIMIT_MS = 60_000;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start({
    GATEWAY_HEADER_TIMEOUT: '1500ms',
    GATEWAY_BODY_TIMEOUT: '800ms',
    GATEWAY_SEND_TIMEOUT: '600ms',
    GATEWAY_READ_TIMEOUT: '1s',
    GATEWAY_STREAM_TIMEOUT: '5s',
    GATEWAY_ADDRESS_RATE: '5000r/s',
    GATEWAY_ADDRESS_CONNECTIONS: '1000',
  });
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const closed = (socket: net.Socket) =>
  new Promise<{ after: number; text: string }>((resolve) => {
    const from = performance.now();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined).on('close', () => resolve({ after: performance.now() - from, text }));
  });

const post = (path: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;

describe('a slow client', () => {
  it('that never ends its headers is disconnected after the total time for headers, even if it keeps sending', async () => {
    const socket = await gateway.connect();
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n`);
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 50);
    const { after } = await closed(socket);
    clearInterval(drip);
    expect(after).toBeGreaterThan(500);
    expect(after).toBeLessThan(LIMIT_MS);
    expect(gateway.upstream.begun).toBe(0);
  });

  it('that sends nothing is disconnected as well', async () => {
    const silent = await Promise.all([gateway.connect(), gateway.connect({ isPlain: true })]);
    for (const { after } of await Promise.all(silent.map(closed))) expect(after).toBeLessThan(LIMIT_MS);
  });

  it('that stops in the middle of a body gets 408, and the vertical never receives the request', async () => {
    const socket = await gateway.connect();
    socket.write(`${post('/api/v1/imports', 1_000)}half of it`);
    const { text } = await closed(socket);
    // Nginx closes such a connection with an answer or without one.
    if (text) expect(parsed(text).status).toBe(408);
    expect(gateway.upstream.begun).toBe(0);
  });

  it('that sends its body byte by byte does not occupy the vertical before the body is complete', async () => {
    const socket = await gateway.connect();
    const answered = closed(socket);
    socket.write(post('/api/v1/imports', 8));
    for (let sent = 0; sent < 8; sent++) {
      expect(gateway.upstream.begun).toBe(0);
      await wait(60);
      socket.write('x');
    }
    expect(parsed((await answered).text).status).toBe(200);
    expect(gateway.upstream.last.body).toBe('xxxxxxxx');
  });

  it('does not delay others, even with three hundred slow clients on one worker', async () => {
    const slow = await Promise.all(Array.from({ length: 300 }, () => gateway.connect({ isPlain: true })));
    for (const socket of slow) socket.on('error', () => undefined).write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: `);
    const isOpen = (socket: net.Socket) => !socket.destroyed;
    expect((await gateway.ask(HOST, '/api/v1/products')).status).toBe(200);
    // Answered while all of them are still connected, not after they were disconnected.
    expect(slow.filter(isOpen)).toHaveLength(300);
    for (const socket of slow) socket.destroy();
  });

  it('that reads slowly gets its answer from the gateway’s buffer: the vertical finishes at once, and the gateway ends the connection', async () => {
    let done: number | undefined;
    const from = performance.now();
    gateway.upstream.answering = (_, response) => {
      response.on('finish', () => (done = performance.now() - from));
      response.end(Buffer.alloc(24 * MEBIBYTE, 'x'));
    };
    const socket = await gateway.connect();
    socket.pause();
    socket.write(`GET /api/v1/products HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await waitUntil('the vertical is done', () => done !== undefined);
    // The client reads nothing for longer than the gateway waits for it.
    await letPass(900);
    const { text } = await new Promise<{ text: number }>((resolve) => {
      let length = 0;
      socket.on('data', (chunk: Buffer) => (length += chunk.length));
      socket.on('error', () => undefined).on('close', () => resolve({ text: length }));
      socket.resume();
    });
    expect(text).toBeLessThan(24 * MEBIBYTE);
  });
});

describe('a slow vertical', () => {
  it('does not get a late request twice', async () => {
    gateway.upstream.answering = () => undefined;
    for (const method of ['GET', 'POST']) {
      const answer = await gateway.ask(HOST, '/api/v1/products', { method, body: method === 'POST' ? '{}' : '' });
      expect(answer).toMatchObject({ status: 504, headers: { 'retry-after': '2' } });
      expect(JSON.parse(answer.body)).toMatchObject({ status: 504, code: 'gateway_timeout' });
    }
    expect(gateway.upstream.begun).toBe(2);
  });

  it('that closes the connection does not get a request again that may have had an effect', async () => {
    gateway.upstream.answering = (_, response) => response.socket!.destroy();
    // A connection that is already open, because only there could a proxy try a second time.
    gateway.upstream.answering = (seen, response) =>
      seen.method === 'GET' ? response.end('{}') : response.socket!.destroy();
    await gateway.ask(HOST, '/api/v1/products');
    for (const method of ['POST', 'PATCH']) {
      gateway.upstream.begun = 0;
      const answer = await gateway.ask(HOST, '/api/v1/products', { method, body: '{}' });
      expect(answer).toMatchObject({ status: 502, headers: { 'retry-after': '2' } });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'bad_gateway' });
      expect(gateway.upstream.begun).toBe(1);
    }
  });
});

describe('a live stream', () => {
  it.each(['/api/v1/stream', '/mcp'])(
    'is passed on without buffering, and may be idle longer than a request: %s',
    async (path) => {
      let stream: ServerResponse | undefined;
      gateway.upstream.answering = (_, response) => {
        stream = response;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('retry: 2000\n\n');
      };
      const socket = await gateway.connect();
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nAccept-Encoding: gzip\r\n\r\n`);
      await waitUntil('the first message is there', () => text.includes('retry: 2000'));
      // Longer than a request may take.
      await letPass(1_500);
      stream!.write('data: later\n\n');
      await waitUntil('the later message is there', () => text.includes('data: later'));
      const gone = new Promise((resolve) => stream!.once('close', resolve));
      socket.destroy();
      // The vertical learns that its listener left.
      await gone;
    },
  );
});
