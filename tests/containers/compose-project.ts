/**
 * A separate compose project with its own name, ports and secrets, made as the operator makes them, and removed at the
 * end.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { docker, type Ran, tryDocker } from './docker.js';
import { IMAGES } from './images.js';

export const DOMAIN = 'shop.test';

export interface Answer {
  status: number;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- bodies are asserted on, not typed
}

export class ComposeProject {
  readonly name = `bct-${randomBytes(4).toString('hex')}`;
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'compose-'));
  readonly variables: Record<string, string> = {
    CONSTRUCTION_IMAGE: IMAGES.construction,
    ENGINES_IMAGE: IMAGES.engines,
    POSTGRES_IMAGE: IMAGES.postgres,
    METRICS_FILES: this.folder,
    GATEWAY_ADDRESS_RATE: '1000r/s',
  };
  httpsPort = 0;

  async prepare(variables: Readonly<Record<string, string>> = {}): Promise<void> {
    Object.assign(this.variables, variables);
    for (const name of [
      'HTTP_PORT',
      'HTTPS_PORT',
      'VERTICAL_PORT',
      'POSTGRES_PORT',
      'REDIS_PORT',
      'PROMETHEUS_PORT',
      'ALERTMANAGER_PORT',
    ])
      this.variables[name] = String(await freePort());
    this.httpsPort = Number(this.variables['HTTPS_PORT']);
    await promisify(execFile)('infra/compose/make-env', ['--domain', DOMAIN, '--file', this.settingsFile]);
  }

  get settingsFile(): string {
    return path.join(this.folder, 'settings');
  }

  /** `docker compose …` in this project; `changes` overwrite variables of its file. */
  try(args: readonly string[], changes: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return tryDocker(['compose', '--project-name', this.name, '--env-file', this.settingsFile, ...args], undefined, {
      ...this.variables,
      ...changes,
    });
  }

  async do(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args);
    if (code !== 0) throw new Error(`docker compose ${args.join(' ')}: exit ${code}\n${stderr || stdout}`);
    return stdout.trimEnd();
  }

  /** Starts the named services, or the default profile, and returns the seconds until they were healthy. */
  async up(...args: string[]): Promise<number> {
    const startedAt = performance.now();
    await this.do('up', '--detach', '--no-build', '--wait', '--wait-timeout', '180', ...args);
    return (performance.now() - startedAt) / 1_000;
  }

  async inspect<T>(service: string, format: string): Promise<T> {
    const id = await this.do('ps', '--all', '--quiet', service);
    return JSON.parse(await docker('inspect', '--format', `{{json ${format}}}`, id)) as T;
  }

  sql(statement: string): Promise<string> {
    return this.do('exec', '-T', 'postgres', 'psql', '-U', 'basecommerce', '-d', 'basecommerce', '-Atqc', statement);
  }

  /** Kills the process from outside, without the Docker engine: its restart policy must start it again. */
  async kill(service: string): Promise<void> {
    const pid = await this.inspect<number>(service, '.State.Pid');
    const kill = [
      '--rm',
      '--user',
      '0',
      '--pid',
      'host',
      '--entrypoint',
      '/bin/sh',
      IMAGES.engines,
      '-c',
      `kill -9 ${pid}`,
    ];
    await docker('run', ...kill);
  }

  /** A request through the gateway's TLS. After a rate-limit refusal it waits as stated, as a correct client does. */
  async call(method: string, host: string, url: string, body?: object, token?: string): Promise<Answer> {
    for (;;) {
      const answer = await this.request(method, host, url, body, token);
      if (answer.status !== 429) return answer;
      await pause(1_000);
    }
  }

  private request(method: string, host: string, url: string, body?: object, token?: string): Promise<Answer> {
    const text = body && JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = https.request(
        {
          ...{
            host: '127.0.0.1',
            port: this.httpsPort,
            servername: host,
            method,
            path: url,
            rejectUnauthorized: false,
          },
          headers: {
            host,
            ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            ...(token && { authorization: `Bearer ${token}` }),
          },
          timeout: 30_000,
          agent: false,
        },
        (response) => {
          let said = '';
          response.on('data', (chunk) => (said += String(chunk)));
          response.once('end', () =>
            resolve({ status: response.statusCode!, body: said && (JSON.parse(said) as unknown) }),
          );
        },
      );
      request.once('timeout', () => request.destroy(new Error(`${method} ${url}: no answer within 30 s`)));
      request.once('error', reject);
      request.end(text);
    });
  }

  async close(): Promise<void> {
    await this.try(['--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '20']);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
