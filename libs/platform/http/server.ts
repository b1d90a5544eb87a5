/** Fastify under Nest: limits, hooks that resolve the site before any guard runs, and one format for every error. */
import type { IncomingMessage } from 'node:http';
import cookie from '@fastify/cookie';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import type { FastifyRequest } from 'fastify';
import { newId } from '#kernel';
import type { Settings } from '#platform/config';
import { TenantDatabase } from '#platform/database';
import { traceOf } from '#platform/telemetry';
import { logRequests } from '#platform/telemetry/logging';
import { corsOptions } from './cors.js';
import { Drain } from './drain.js';
import { TenantLimits } from './limits.js';
export { Drain } from './drain.js';
export { HttpModule } from './http.module.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { type HttpReply, type HttpRequest, TAKEN_OVER } from './request.js';
import { OperationRunner } from './runner.js';
import { siteOf, TENANT_DIRECTORY, type TenantDirectory } from './site.js';
import { UsageMeter } from './usage-meter.js';

const MEBIBYTE = 1_048_576;
const REQUEST_ID = /^[\w.-]{8,64}$/;

/** Paths that belong to no tenant: probes and documentation. */
const UNSITED = /^\/($|health|docs|redoc|reference|openapi\.json|(api|operator)\/v1\/openapi\.json)(\/|\?|$)/;

export async function createHttpApp(
  module: Promise<DynamicModule>,
  settings: Settings,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: MEBIBYTE,
    requestTimeout: 30_000,
    // Longer than Nginx's upstream keep-alive (60 s), so that the gateway never writes to a connection that is being
    // closed.
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    trustProxy: settings.TENANT_SOURCE === 'header' ? 'loopback, uniquelocal' : false,
    genReqId: (request: IncomingMessage) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(await module, adapter, {
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  app.useGlobalFilters(new ProblemFilter());
  app.enableCors(corsOptions(settings.CORS_ORIGINS));
  acceptEmptyJson(app);
  await app.register(cookie);
  if (settings.METRICS_ENABLED) {
    const { HttpMetrics } = await import('./http-metrics.js');
    app.get(HttpMetrics).observe(app.getHttpAdapter().getInstance());
  }
  logRequests(app.getHttpAdapter().getInstance(), 'vertical', settings.LOG_LEVEL);
  new UsageMeter(app.get(TenantDatabase)).observe(app.getHttpAdapter().getInstance());
  installHooks(app, settings);
  return app;
}

/**
 * A POST without a body may have the JSON content type, as many clients always send it; Fastify's own parser refuses
 * that.
 */
function acceptEmptyJson(app: NestFastifyApplication): void {
  const parse = app.getHttpAdapter().getInstance().getDefaultJsonParser('error', 'error');
  app.useBodyParser('application/json', { bodyLimit: MEBIBYTE }, (request, body: Buffer, done) => {
    // Checking a signature needs the received bytes; they are kept until the request ends.
    (request as HttpRequest).rawBody = body;
    if (body.length === 0) done(null, undefined);
    else void parse(request as FastifyRequest, body.toString('utf8'), done);
  });
}

function installHooks(app: NestFastifyApplication, settings: Settings): void {
  const fastify = app.getHttpAdapter().getInstance();
  const directory = app.get<TenantDirectory>(TENANT_DIRECTORY);
  const limits = new TenantLimits({
    requestsPerMinute: settings.RATE_LIMIT_PER_MINUTE,
    requestsAtOnce: settings.REQUESTS_AT_ONCE,
  });
  const siteOptions = { source: settings.TENANT_SOURCE, baseDomain: settings.BASE_DOMAIN };
  const drain = app.get(Drain);
  fastify.decorate('operations', app.get(OperationRunner));

  fastify.addHook('onRequest', async (plain, reply) => {
    const request = plain as HttpRequest;
    request.trace = traceOf(header(request, 'traceparent'));
    request.raw.traceId = request.trace.traceId;
    secure(reply, request.id);
    if (drain.isClosingConnections) reply.raw.setHeader('connection', 'close');
    if (UNSITED.test(request.url)) return;
    try {
      request.site = await siteOf(
        { host: request.headers.host, slugHeader: header(request, 'x-tenant-slug') },
        siteOptions,
        directory,
      );
      if (request.site.kind === 'tenant') request.raw.tenantSlug = request.site.tenant.slug;
      const key = limitKey(request);
      await limits.admit(key, reply);
      const release = callAtMostOnce(() => limits.release(key));
      reply.raw.once('close', release).once(TAKEN_OVER, release);
    } catch (error) {
      sendProblem(error, request, reply);
      return reply;
    }
  });
}

function callAtMostOnce(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}

function limitKey(request: HttpRequest): string {
  return request.site?.kind === 'tenant' ? request.site.tenant.id : 'console';
}

function header(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

function secure(reply: HttpReply, requestId: string): void {
  reply.raw.setHeader('x-request-id', requestId);
  reply.raw.setHeader('x-content-type-options', 'nosniff');
  reply.raw.setHeader('referrer-policy', 'same-origin');
  reply.raw.setHeader('x-frame-options', 'DENY');
  reply.raw.setHeader('cache-control', 'no-store');
}
