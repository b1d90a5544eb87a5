/**
 * Writes one JSON object per line to stdout, with request, tenant and trace ids. Fields that can hold a secret are
 * censored: the paths below, wherever they occur.
 */
import type { IncomingMessage } from 'node:http';
import { RequestMethod } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { FastifyInstance } from 'fastify';
import { type Logger, type LoggerOptions, pino } from 'pino';

const REDACTED = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-api-key"]',
  'req.headers["idempotency-key"]',
  'res.headers["set-cookie"]',
  '*.password',
  '*.password_hash',
  '*.access_token',
  '*.refresh_token',
  '*.secret',
  '*.token',
  'password',
  'access_token',
  'refresh_token',
  'secret',
  'token',
];

export interface LoggedRequest extends IncomingMessage {
  id: string;
  originalUrl?: string;
  /** Set by the HTTP hooks once they are known. */
  tenantSlug?: string;
  traceId?: string;
}

export function loggerOptions(service: string, level: string): LoggerOptions {
  return {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[redacted]' },
  };
}

export function createLogger(service: string, level: string): Logger {
  return pino(loggerOptions(service, level));
}

/**
 * Nest's own logger over pino. Requests are logged by `logRequests` and not by the library's middleware, which made a child
 * logger per request and took a sixth of a list request's time.
 */
export function nestLogging(service: string, level: string) {
  return LoggerModule.forRoot({
    pinoHttp: { ...loggerOptions(service, level), autoLogging: false },
    forRoutes: [{ path: 'never', method: RequestMethod.SEARCH }],
  });
}

/** Logs one line per request, with fields that cannot hold a secret. Probes are not logged. */
export function logRequests(fastify: FastifyInstance, service: string, level: string): void {
  const logger = pino({ ...loggerOptions(service, level), redact: [] });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    const [path = ''] = request.url.split('?', 1);
    if (!path.startsWith('/health')) {
      const { tenantSlug, traceId } = request.raw as LoggedRequest;
      const level = statusCode >= 500 ? 'error' : statusCode >= 400 ? 'warn' : 'info';
      logger[level](
        {
          request_id: request.id,
          tenant: tenantSlug,
          trace_id: traceId,
          method: request.method,
          path,
          status: statusCode,
          milliseconds: Math.round(reply.elapsedTime * 10) / 10,
        },
        'request',
      );
    }
    done();
  });
}
