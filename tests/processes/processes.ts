/** The three processes from the build, on their own database and Redis, and their metrics. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export type ProcessName = 'vertical' | 'engines-worker' | 'outbox-relay';

const READY_MS = 120_000;
const SCRAPED_MS = 90_000;
/** Longer than any of them drains, so that a failed run also ends. */
const STOP_MS = 60_000;

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One scrape of one process. */
export class Scrape {
  constructor(private readonly text: string) {}

  get families(): string[] {
    return [...this.text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  }

  samples(name: string): Sample[] {
    const lines = this.text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return lines.map((line) => ({
      labels: Object.fromEntries(
        [...line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]),
      ),
      value: Number(line.slice(line.lastIndexOf(' ') + 1)),
    }));
  }

  /** The sum of the matching samples; undefined without one, because absent and 0 differ. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const fitting = this.samples(name).filter((sample) =>
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
    return fitting.length === 0 ? undefined : fitting.reduce((sum, { value }) => sum + value, 0);
  }
}

export class RealProcess {
  private said = '';
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;

  private constructor(
    readonly name: ProcessName,
    readonly metricsPort: number,
    environment: Record<string, string>,
  ) {
    this.child = spawn(process.execPath, [path.join('dist/apps', name, 'main.js')], {
      env: { PATH: process.env['PATH'], ...environment, METRICS_PORT: String(metricsPort) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.said = (this.said + chunk.toString()).slice(-4_000)));
    this.exited = new Promise((resolve) => this.child.once('exit', () => resolve()));
  }

  static async start(name: ProcessName, environment: Record<string, string>): Promise<RealProcess> {
    const one = new RealProcess(name, await freePort(), environment);
    for (const deadline = Date.now() + READY_MS; ; await pause(50)) {
      const answer = await fetch(`http://127.0.0.1:${one.metricsPort}/health/ready`).catch(() => undefined);
      if (answer?.ok) return one;
      if (Date.now() > deadline || one.child.exitCode !== null) {
        one.child.kill('SIGKILL');
        throw new Error(`${name} is not ready: ${(await answer?.text()) ?? ''} ${one.said}`);
      }
    }
  }

  async scrape(): Promise<Scrape> {
    return new Scrape(await (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text());
  }

  /** Scrapes until the condition holds. */
  async tells(wanted: (scrape: Scrape) => boolean): Promise<Scrape> {
    for (const deadline = Date.now() + SCRAPED_MS; ; await pause(50)) {
      const scrape = await this.scrape();
      if (wanted(scrape)) return scrape;
      if (Date.now() > deadline) throw new Error(`${this.name} never exported the expected value`);
    }
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await this.exited;
    clearTimeout(timer);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
