/**
 * `/metrics` and health on a private port of their own, so that neither the gateway nor a tenant can reach them.
 * `/health/ready` answers 503 with the reasons until every check passes.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, register } from 'prom-client';
import { type Figure, type Figures, gaugeOnScrape } from './gauge-on-scrape.js';

export interface HealthCheck {
  readonly name: string;
  /** Shown, but not a reason to take the process out of service: it answers without that part. */
  readonly isAdvisory?: boolean;
  /** Rejects with the reason when the part is not ready. */
  check(): Promise<void>;
}

export interface Readiness {
  readonly isReady: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** A check that takes longer counts as failed. */
const CHECK_TIMEOUT_MS = 2_000;

export async function readiness(checks: readonly HealthCheck[]): Promise<Readiness> {
  const results = await Promise.all(checks.map(async (check) => ({ check, result: await outcome(check) })));
  return {
    isReady: results.every(({ check, result }) => check.isAdvisory || result === 'ok'),
    checks: Object.fromEntries(results.map(({ check, result }) => [check.name, result])),
  };
}

export class MetricsServer {
  private server: Server | undefined;

  constructor(
    private readonly checks: readonly HealthCheck[],
    private readonly isMetricsEnabled = true,
  ) {}

  /** A value that is read at each scrape; with `label`, one for each of its values. */
  gauge(name: string, help: string, read: () => Figure<number>): void;
  gauge(name: string, help: string, read: () => Figure<Figures>, label: string): void;
  gauge(name: string, help: string, read: () => Figure<number | Figures>, label?: string): void {
    if (this.isMetricsEnabled) gaugeOnScrape(name, help, read, label);
  }

  /** Resolves with the port in use (0 picks a free one). */
  async listen(port: number, host = '0.0.0.0'): Promise<number> {
    if (this.isMetricsEnabled) startDefaultMetrics();
    const server = createServer((request, response) => {
      void this.answer(request.url ?? '/').then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type }).end(body);
      });
    });
    this.server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.server;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  private async answer(url: string): Promise<{ status: number; type: string; body: string }> {
    const path = url.split('?', 1)[0];
    if (path === '/metrics' && this.isMetricsEnabled) {
      return { status: 200, type: register.contentType, body: await register.metrics() };
    }
    if (path === '/health' || path === '/health/live') return json(200, { status: 'ok' });
    if (path === '/health/ready') {
      const { isReady, checks } = await readiness(this.checks);
      return json(isReady ? 200 : 503, { status: isReady ? 'ok' : 'unavailable', checks });
    }
    return json(404, { status: 'not_found' });
  }
}

let hasDefaultMetrics = false;

function startDefaultMetrics(): void {
  if (hasDefaultMetrics) return;
  hasDefaultMetrics = true;
  collectDefaultMetrics();
}

async function outcome(check: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check.check(), timeout]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : 'failed';
  } finally {
    clearTimeout(timer);
  }
}

function json(status: number, value: unknown) {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}
