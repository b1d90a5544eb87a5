/**
 * The gateway as it ships: made by its own `render`, run by the real Nginx, in front of a server that reports the
 * requests it received. Requests are written byte by byte where a client library would correct them.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { opensslOnPath } from './openssl.js';
import { Upstream } from './upstream.js';

export const GATEWAY_FOLDER = path.resolve(import.meta.dirname, '../../infra/nginx');
export const DOMAIN = 'shop.test';

export interface Answer {
  readonly status: number;
  /** Names in small letters; repeated headers are joined by a line break, so that a test sees that there are two. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly isPlain?: boolean;
  /** The name in the TLS handshake, when it is not the host. */
  readonly sni?: string;
}

export interface LogLine {
  [field: string]: string | number;
}

export class Gateway {
  private nginx: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly upstream: Upstream,
    readonly ports: { readonly plain: number; readonly tls: number; readonly status: number },
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** `settings` are those of defaults.env. */
  static async start(settings: Readonly<Record<string, string>> = {}, upstream?: string): Promise<Gateway> {
    const binary = process.env['NGINX_BIN'];
    if (!binary) throw new Error('NGINX_BIN is not set; run this by npm test');
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-'));
    const behind = await Upstream.start();
    const [plain, secure, status] = (await freePorts(3)) as [number, number, number];
    const gateway = new Gateway(
      folder,
      behind,
      { plain, tls: secure, status },
      {
        ...(process.env as Record<string, string>),
        PATH: await opensslOnPath(),
        BASE_DOMAIN: DOMAIN,
        VERTICAL: upstream ?? behind.address,
        GATEWAY_NGINX: `${binary} -e ${folder}/error.log`,
        GATEWAY_HTTP: `127.0.0.1:${plain}`,
        GATEWAY_HTTPS: `127.0.0.1:${secure}`,
        GATEWAY_STATUS: `127.0.0.1:${status}`,
        GATEWAY_STATE: `${folder}/state`,
        GATEWAY_CERTIFICATES: `${folder}/certificates`,
        GATEWAY_USER: os.userInfo().username,
        GATEWAY_WORKERS: '1',
        GATEWAY_PID: `${folder}/nginx.pid`,
        GATEWAY_TEMP: `${folder}/temp`,
        GATEWAY_LOG: `${folder}/access.log`,
        GATEWAY_ERROR_LOG: `${folder}/error.log`,
        GATEWAY_WEB: `${folder}/web`,
        GATEWAY_ACME: `${folder}/acme`,
        GATEWAY_METRICS: `${folder}/metrics`,
        ...settings,
      },
    );
    await gateway.render();
    await gateway.run();
    return gateway;
  }

  get main(): string {
    return path.join(this.folder, 'nginx.conf');
  }

  script(name: 'render' | 'renew-hook', ...args: string[]): Promise<Ran> {
    return ran(path.join(GATEWAY_FOLDER, name), [...args, '--main', this.main], this.environment);
  }

  async stop(): Promise<void> {
    if (this.nginx) {
      const gone = new Promise((resolve) => this.nginx!.once('exit', resolve));
      this.nginx.kill('SIGTERM');
      await gone;
    }
    await this.upstream.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Files as the web application's build would write them. */
  install(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  /** One request on a new connection. */
  async ask(host: string, target: string, asking: Asking = {}): Promise<Answer> {
    const { method = 'GET', headers = [], body = '' } = asking;
    const lines = [
      `${method} ${target} HTTP/1.1`,
      `Host: ${host}`,
      ...headers,
      ...(body ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
      'Connection: close',
    ];
    return parsed(await this.raw(`${lines.join('\r\n')}\r\n\r\n${body}`, asking));
  }

  /** Writes exactly these bytes and returns everything that it receives until the gateway closes. */
  async raw(request: string, { isPlain, sni }: Asking = {}): Promise<string> {
    const socket = await this.connect({ ...(isPlain ? { isPlain } : {}), ...(sni ? { sni } : {}) });
    return new Promise((resolve) => {
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      // A reset counts as an empty answer.
      socket.on('error', () => undefined).on('close', () => resolve(text));
      socket.write(request, 'latin1');
    });
  }

  connect({ isPlain, sni = `acme.${DOMAIN}` }: Asking = {}): Promise<net.Socket> {
    return new Promise((resolve, reject) => {
      const socket = isPlain
        ? net.connect(this.ports.plain, '127.0.0.1', () => resolve(socket))
        : tls.connect(
            {
              host: '127.0.0.1',
              port: this.ports.tls,
              ALPNProtocols: ['http/1.1'],
              rejectUnauthorized: false,
              ...(sni ? { servername: sni } : {}),
            },
            () => resolve(socket),
          );
      socket.once('error', reject);
    });
  }

  /** One HTTP/2 request; `headers` may name the authority. */
  async ask2(host: string, target: string, headers: Record<string, string> = {}): Promise<Answer> {
    const session = http2.connect(`https://127.0.0.1:${this.ports.tls}`, {
      servername: `acme.${DOMAIN}`,
      rejectUnauthorized: false,
    });
    try {
      return await new Promise((resolve, reject) => {
        session.once('error', reject);
        const stream = session.request({ ':authority': host, ':path': target, ...headers });
        let body = '';
        let answer: Record<string, string> = {};
        stream.on('response', (given) => (answer = given as unknown as Record<string, string>));
        stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        stream
          .on('error', reject)
          .on('end', () => resolve({ status: Number(answer[':status']), headers: answer, body }));
        stream.end();
      });
    } finally {
      session.close();
    }
  }

  /**
   * The access log, as soon as it has a line that `wanted` accepts: a line is written when the answer has been sent.
   */
  async logged(wanted: (line: LogLine) => boolean): Promise<LogLine> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const line = this.log().find(wanted);
      if (line) return line;
      await wait(20);
    }
    throw new Error(`no such line in the log:\n${this.logText()}`);
  }

  log(): LogLine[] {
    return this.logText()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as LogLine);
  }

  logText(): string {
    return readFileSync(path.join(this.folder, 'access.log'), 'utf8');
  }

  errorText(): string {
    return readFileSync(path.join(this.folder, 'error.log'), 'utf8');
  }

  private async render(): Promise<void> {
    const { code, stderr } = await this.script('render');
    if (code !== 0) throw new Error(`render: exit ${code}\n${stderr}`);
  }

  private async run(): Promise<void> {
    const [binary, ...args] = this.environment['GATEWAY_NGINX']!.split(' ');
    this.nginx = spawn(binary!, [...args, '-c', this.main, '-g', 'daemon off;'], { stdio: 'ignore' });
    for (let attempt = 0; attempt < 200; attempt++) {
      if (await isListening(this.ports.tls)) return;
      await wait(20);
    }
    throw new Error(`nginx did not come up: ${this.errorText()}`);
  }
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function ran(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(file, args, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

/** A copy of the gateway's folder that a test may break. */
export function copyOfGateway(into: string): string {
  const copy = path.join(into, 'droplets-copy/nginx');
  cpSync(GATEWAY_FOLDER, copy, { recursive: true });
  cpSync(path.resolve(GATEWAY_FOLDER, '../droplets/lib'), path.join(into, 'droplets-copy/lib'), { recursive: true });
  return copy;
}

export function parsed(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [start = '', ...lines] = head.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}\n${value}` : value;
  }
  const payload = rest.join('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(start)?.[1]),
    headers,
    body: headers['transfer-encoding'] === 'chunked' ? unchunked(payload) : payload,
  };
}

function unchunked(payload: string): string {
  let text = '';
  for (let at = 0; at < payload.length;) {
    const end = payload.indexOf('\r\n', at);
    const size = parseInt(payload.slice(at, end), 16);
    if (!size) break;
    text += payload.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return text;
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Server>((resolve) => {
          const server = net.createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(Boolean(socket.destroy())));
    socket.on('error', () => resolve(false));
  });
}
