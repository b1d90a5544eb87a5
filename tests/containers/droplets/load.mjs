/**
 * Sends a steady stream of requests through the gateway; it runs in a Node inside the droplet's network. Every fourth
 * opens a new connection, every tenth writes. An unexpected answer is a failed request, reported with its reason and
 * the first and last second in which it occurred. On SIGTERM it prints the count and ends.
 */
import { randomUUID } from 'node:crypto';
import https from 'node:https';
import process from 'node:process';

const { HOST, TOKEN, RATE } = process.env;
const agent = new https.Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 64, rejectUnauthorized: false });
const count = { sent: 0, ok: 0, written: 0, failed: 0, again: 0, slowest_ms: 0 };
const failures = new Map();
/** Connections that have carried an answer. Not `request.reusedSocket`: a request that waited for a pooled one is without it. */
const used = new WeakSet();
let open = 0;

/** @param {{ method: string, target: string, body?: string | undefined, isFresh: boolean, isSecond?: boolean }} request */
function ask({ method, target, body, isFresh, isSecond = false }) {
  const startedAt = performance.now();
  const request = https.request(
    {
      host: '127.0.0.1',
      port: 443,
      servername: HOST,
      method,
      path: target,
      agent: isFresh ? false : agent,
      rejectUnauthorized: false,
      timeout: 15_000,
      headers: {
        host: HOST,
        authorization: `Bearer ${TOKEN}`,
        ...(body ? { 'content-type': 'application/json', 'idempotency-key': randomUUID() } : {}),
      },
    },
    (response) => {
      response.resume();
      response.once('end', () => {
        if (request.socket) used.add(request.socket);
        const ms = performance.now() - startedAt;
        if (ms > count.slowest_ms) count.slowest_ms = Math.round(ms);
        const expected = method === 'POST' ? 201 : 200;
        if (response.statusCode !== expected) return failed(`${method} ${target} answered ${response.statusCode}`);
        count.ok += 1;
        if (method === 'POST') count.written += 1;
        open -= 1;
      });
      response.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
        failed(`${method} ${target}: ${error.code ?? error.message} in the answer`),
      );
    },
  );
  request.once('timeout', () => request.destroy(new Error('no answer in 15 s')));
  request.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    // A server may close a connection that waits while a request is on its way; every client sends a reading request again.
    const isClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    if (isClosed && request.socket && used.has(request.socket) && method === 'GET' && !isSecond) {
      count.again += 1;
      return ask({ method, target, body, isFresh: true, isSecond: true });
    }
    failed(`${method} ${target}: ${error.code ?? error.message}`);
  });
  request.end(body);
}

function failed(reason) {
  open -= 1;
  count.failed += 1;
  const second = Math.round((performance.now() - startedAt) / 1_000);
  const met = failures.get(reason) ?? { times: 0, first: second };
  failures.set(reason, { ...met, times: met.times + 1, last: second });
}

const startedAt = performance.now();
const timer = setInterval(() => {
  // By the clock, not by ticks: a late tick makes up for what it missed.
  const due = ((performance.now() - startedAt) / 1_000) * Number(RATE);
  while (count.sent < due) {
    const number = count.sent++;
    open += 1;
    if (number % 10 === 0) {
      const body = JSON.stringify({ kind: 'company', name: `Cliente ${number}` });
      ask({ method: 'POST', target: '/api/v1/customers', body, isFresh: true });
    } else {
      ask({
        method: 'GET',
        target: number % 2 ? '/api/v1/auth/me' : '/api/v1/customers?limit=5',
        isFresh: number % 4 === 0,
      });
    }
  }
}, 5);

process.once('SIGTERM', () => {
  clearInterval(timer);
  const seconds = (performance.now() - startedAt) / 1_000;
  const waiting = setInterval(() => {
    if (open > 0) return;
    clearInterval(waiting);
    agent.destroy();
    const perSecond = Math.round(count.sent / seconds);
    process.stdout.write(
      `${JSON.stringify({ ...count, per_second: perSecond, failures: Object.fromEntries(failures) })}\n`,
    );
    process.exit(0);
  }, 50);
});
process.stdout.write('sending\n');
