/**
 * Requests as browsers make them, at a steady pace: half on kept connections, half on new ones. Each connection checks
 * the certificate as a browser does, so that a wrong one is a failed request.
 */
import https from 'node:https';
import type { TLSSocket } from 'node:tls';

const REQUESTS_PER_SECOND = 50;
/** On a busy machine the requests become slower; they do not pile up until the gateway refuses them. */
const AT_ONCE = 32;

export interface Count {
  sent: number;
  ok: number;
  failures: string[];
  /** Serial numbers of the certificates that were shown. */
  readonly shown: Set<string>;
}

export class Load {
  readonly count: Count = { sent: 0, ok: 0, failures: [], shown: new Set() };
  private readonly agent = new https.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  private readonly startedAt = performance.now();
  private readonly timer = setInterval(() => this.catchUp(), 5);
  /**
   * Connections that have carried a request. Node does not count a connection as reused when a waiting request got it.
   */
  private readonly used = new WeakSet<object>();
  private open = 0;

  constructor(
    private readonly address: string,
    private readonly host: string,
    private readonly trusted: string,
  ) {}

  perSecond = 0;

  /** Resolves when every request is answered. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    this.perSecond = (this.count.sent * 1_000) / (performance.now() - this.startedAt);
    while (this.open > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    this.agent.destroy();
  }

  /** Counts by the clock, not by ticks: a late tick sends the missed requests. */
  private catchUp(): void {
    const due = ((performance.now() - this.startedAt) / 1_000) * REQUESTS_PER_SECOND;
    while (this.count.sent < due && this.open < AT_ONCE) {
      this.open += 1;
      this.ask(this.count.sent++ % 2 === 0);
    }
  }

  private ask(isFresh: boolean, isSecond = false): void {
    const over = (failure?: string) => {
      this.open -= 1;
      if (failure) this.count.failures.push(failure);
      else this.count.ok += 1;
    };
    let isReused = false;
    const request = https.get(
      {
        ...{ host: this.address, servername: this.host, path: '/api/v1/products', headers: { host: this.host } },
        ...{ ca: this.trusted, agent: isFresh ? false : this.agent, timeout: 15_000 },
      },
      (response) => {
        const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
        if (serialNumber) this.count.shown.add(serialNumber);
        response.resume();
        response.once('end', () => over(response.statusCode === 200 ? undefined : `answered ${response.statusCode}`));
        response.once('error', (error) => over(`${error.message} in the answer`));
      },
    );
    request.once('socket', (socket) => {
      isReused = this.used.has(socket);
      this.used.add(socket);
    });
    request.once('timeout', () => request.destroy(new Error('no answer in 15 s')));
    request.once('error', (error: NodeJS.ErrnoException) => {
      // A server may close an idle connection while a request is on its way; every client repeats a read request then.
      if (isReused && error.code === 'ECONNRESET' && !isSecond) this.ask(true, true);
      else over(`${error.code}: ${error.message}`);
    });
  }
}
