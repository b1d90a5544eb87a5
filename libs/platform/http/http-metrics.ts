/** What the public port does, by route pattern: never by path, whose ids would make a series each. */
import { Controller, Injectable, Module } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider, makeHistogramProvider, PrometheusModule } from '@willsoto/nestjs-prometheus';
import type { FastifyInstance } from 'fastify';
import type { Gauge, Histogram } from 'prom-client';
import { TAKEN_OVER } from './request.js';

/** Replaces the library's own controller: metrics are served on the private port alone. */
@Controller()
class NoPublicMetrics {}

@Injectable()
export class HttpMetrics {
  constructor(
    @InjectMetric('http_request_duration_seconds') private readonly duration: Histogram,
    @InjectMetric('http_requests_in_flight') private readonly inFlight: Gauge,
  ) {}

  observe(fastify: FastifyInstance): void {
    const streams = new WeakSet<object>();
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
      this.duration.observe(
        { method: request.method, route, status: String(reply.statusCode) },
        reply.elapsedTime / 1_000,
      );
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
