/** Metrics of the public port by route pattern, never by path, because each id would make its own series. */
import { Injectable, Module } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { gauge, gaugeOnScrape, histogram } from '#platform/telemetry';
import { BusiestTenants } from './busiest-tenants.js';
import { type HttpRequest, TAKEN_OVER } from './request.js';

const duration = histogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the first byte of the request to the last of the answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

const inFlight = gauge({ name: 'http_requests_in_flight', help: 'Requests being answered right now' });

/** Node accepts about thirty methods; those that no route serves share one series. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

@Injectable()
export class HttpMetrics {
  private readonly busiest = new BusiestTenants();

  observe(fastify: FastifyInstance): void {
    const streams = new WeakSet<object>();
    gaugeOnScrape(
      'http_busiest_tenants_requests',
      'Requests of the last full minute, of the ten stores that made the most',
      () => this.busiest.top(),
      'tenant',
    );
    fastify.addHook('onRequest', (_request, reply, done) => {
      inFlight.inc();
      // A live stream does not count as a request in progress, and its duration is no latency.
      reply.raw.once(TAKEN_OVER, () => {
        inFlight.dec();
        streams.add(reply.raw);
      });
      done();
    });
    fastify.addHook('onResponse', (request, reply, done) => {
      if (streams.has(reply.raw)) return done();
      inFlight.dec();
      const route = request.routeOptions.url ?? 'unmatched';
      const method = METHODS.has(request.method) ? request.method : 'OTHER';
      const { site } = request as HttpRequest;
      if (site?.kind === 'tenant') this.busiest.count(site.tenant.slug);
      duration.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
      done();
    });
  }
}

@Module({ providers: [HttpMetrics], exports: [HttpMetrics] })
export class HttpMetricsModule {}
