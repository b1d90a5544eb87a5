/**
 * The part of Stripe that billing uses: a real HTTP server with its own ledger, its own clock and configurable
 * failures.
 *
 * It behaves like the original in these points: an idempotency key returns the first answer, errors of execution
 * included, and is forgotten after a day; the same key with other parameters is refused; the search is late; a declined
 * intent waits for another method; refunds and disputes have no metadata of their own.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { type Answer, StripeLedger } from './ledger.js';

export type { Verdict } from './ledger.js';

/** The failure of one POST. `before` and `after` state on which side of the charge it happens. */
export type Fault =
  | 'none'
  /** No answer; the client gives up by itself. */
  | 'silent_before'
  | 'silent_after'
  /** The connection breaks; the client repeats once by itself, and breaks again. */
  | 'broken_before'
  | 'broken_after'
  /** Charged, and the connection breaks in the middle of the answer. */
  | 'torn'
  /** An answer that takes `slowMs`. */
  | 'slow'
  /** Before Stripe processes it; an error after that is kept as the key's answer. */
  | 'error_500_before'
  | 'error_500_after'
  | 'rate_limit';

export interface StubOptions {
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly searchLagMs?: number;
  readonly slowMs?: number;
}

export const WEBHOOK_SECRET = 'whsec_stub';

export class StripeStub {
  readonly ledger: StripeLedger;
  /** Asked once per POST. */
  fault: () => Fault = () => 'none';
  /** While true, every request breaks. */
  isDown = false;
  readonly requests: string[] = [];

  private constructor(
    private readonly server: Server,
    private readonly options: Required<StubOptions>,
  ) {
    this.ledger = new StripeLedger(options.clock, options.searchLagMs);
    server.on('request', (request, response) => void this.serve(request, response));
  }

  static async start({ clock = Date.now, searchLagMs = 0, slowMs = 50 }: StubOptions = {}): Promise<StripeStub> {
    const server = createServer();
    // An idle connection that is closed just as the client uses it again would look like a charge whose outcome is unknown.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new StripeStub(server, { clock, searchLagMs, slowMs });
  }

  get endpoint() {
    return { protocol: 'http' as const, host: '127.0.0.1', port: (this.server.address() as AddressInfo).port };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A webhook as Stripe would send it about `object`. */
  webhook(id: string, type: string, object: { readonly id?: string; readonly object: string }, at: Date) {
    const payload = JSON.stringify({
      id,
      object: 'event',
      type,
      created: Math.floor(at.getTime() / 1_000),
      data: { object },
    });
    const timestamp = Math.floor(at.getTime() / 1_000);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET, timestamp });
    return { body: Buffer.from(payload), signature };
  }

  private readonly broken = new Set<string>();

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    const { method = '', url = '' } = request;
    this.requests.push(`${method} ${url.split('?')[0]}`);
    if (this.isDown) return void response.destroy();
    if (method === 'GET') return send(response, this.ledger.get(new URL(url, 'http://stripe')));
    const key = String(request.headers['idempotency-key']);
    // The client's own repetition over a new connection gets the same failure.
    if (this.broken.delete(key)) return void response.destroy();
    await this.post(response, url, key, body);
  }

  private async post(response: ServerResponse, path: string, key: string, body: string): Promise<void> {
    const fault = this.fault();
    const charge = () => this.ledger.post(path, key, new URLSearchParams(body));
    switch (fault) {
      case 'silent_before':
        return;
      case 'silent_after':
        charge();
        return;
      case 'broken_before':
      case 'broken_after':
        if (fault === 'broken_after') charge();
        this.broken.add(key);
        response.destroy();
        return;
      case 'error_500_before':
        return send(response, failure(500, 'api_error'));
      case 'error_500_after':
        charge();
        this.ledger.keep(key, failure(500, 'api_error'));
        return send(response, failure(500, 'api_error'));
      case 'torn':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 10_000 });
        response.write(JSON.stringify(charge().body).slice(0, 40));
        setImmediate(() => response.destroy());
        return;
      case 'rate_limit':
        return send(response, failure(429, 'invalid_request_error', 'rate_limit'));
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, this.options.slowMs));
        return send(response, charge());
      case 'none':
        return send(response, charge());
    }
  }
}

export function failure(status: number, type: string, code?: string): Answer {
  return { status, body: { error: { type, code, message: `${type} ${code ?? ''}` } } };
}

function send(response: ServerResponse, { status, body, isReplayed }: Answer): void {
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'request-id': 'req_stub',
      ...(isReplayed ? { 'idempotent-replayed': 'true' } : {}),
    })
    .end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
