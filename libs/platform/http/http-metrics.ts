/** What the public port does, by route pattern: never by path, whose ids would make a series each. */
import { Controller, Injectable, Module } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider, makeHistogramProvider, PrometheusModule } from '@willsoto/nestjs-prometheus';
import type { FastifyInstance } from 'fastify';
import type { Gauge, Histogram } from 'prom-client';
import { gaugeOnScrape } from '#platform/telemetry';
import { BusiestTenants } from './busiest-tenants.js';
import { type HttpRequest, TAKEN_OVER } from './request.js';

/** Node accepts some thirty methods from anybody; those nobody serves are one series. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Replaces the library's own controller: metrics are served on the private port alone. */
@Controller()
class NoPublicMetrics {}

@Injectable()
export class HttpMetrics {
  private readonly busiest = new BusiestTenants();

  constructor(
    @InjectMetric('http_request_duration_seconds') private readonly duration: Histogram,
    @InjectMetric('http_requests_in_flight') private readonly inFlight: Gauge,
  ) {}

  observe(fastify: FastifyInstance): void {
    const streams = new WeakSet<object>();
    gaugeOnScrape(
      'http_busiest_tenants_requests',
      'Requests of the last full minute, of the ten stores that made the most',
      () => this.busiest.top(),
      'tenant',
    );
    fastify.addHook('onRequest', (_request, reply, done) => {
      this.inFlight.inc();
      // A live stream is no request in flight, and how long it lasts is no latency.
      reply.raw.once(TAKEN_OVER, () => {
        this.inFlight.dec();
        streams.add(reply.raw);
      });
      done();
    });
    fastify.addHook('onResponse', (request, reply, done) => {
      if (streams.has(reply.raw)) return done();
      this.inFlight.dec();
      const route = request.routeOptions.url ?? 'unmatched';
      const method = METHODS.has(request.method) ? request.method : 'OTHER';
      const { site } = request as HttpRequest;
      if (site?.kind === 'tenant') this.busiest.count(site.tenant.slug);
      this.duration.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
      done();
    });
  }
}

@Module({
  imports: [PrometheusModule.register({ controller: NoPublicMetrics, defaultMetrics: { enabled: false } })],
  providers: [
    HttpMetrics,
    makeHistogramProvider({
      name: 'http_request_duration_seconds',
      help: 'Time from the first byte of the request to the last of the answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    }),
    makeGaugeProvider({ name: 'http_requests_in_flight', help: 'Requests being answered right now' }),
  ],
  exports: [HttpMetrics],
})
export class HttpMetricsModule {}
