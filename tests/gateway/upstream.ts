/** The server behind the gateway in these tests: it records the requests, and returns them or a configured answer. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Name, value, name, value … as received. */
  readonly raw: readonly string[];
  readonly body: string;
}

export type Answering = (seen: Seen, response: http.ServerResponse) => void;

export class Upstream {
  readonly seen: Seen[] = [];
  /** Requests whose first byte has arrived. */
  begun = 0;
  answering: Answering = echo;

  private constructor(private readonly server: http.Server) {}

  static async start(): Promise<Upstream> {
    const server = http.createServer({ keepAliveTimeout: 75_000 });
    const upstream = new Upstream(server);
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      upstream.begun += 1;
      let body = '';
      request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const { method = '', url = '', headers, rawHeaders } = request;
        const seen = { method, url, headers, raw: rawHeaders, body };
        upstream.seen.push(seen);
        upstream.answering(seen, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Clears the record and restores the initial answer. */
  reset(): void {
    this.seen.length = 0;
    this.begun = 0;
    this.answering = echo;
  }

  get last(): Seen {
    const seen = this.seen.at(-1);
    if (!seen) throw new Error('nothing reached the server behind the gateway');
    return seen;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function echo(seen: Seen, response: http.ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(seen));
}

/** The number of times that a header occurred, in any spelling. */
export function timesSent(seen: Seen, name: string): number {
  return seen.raw.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name.toLowerCase()).length;
}
