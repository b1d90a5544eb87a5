/**
 * One JSON object a line on stdout, with request, tenant and trace ids. What could be a secret never gets this far: the
 * paths below are censored wherever they occur.
 */
import type { IncomingMessage } from 'node:http';
import { RequestMethod } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
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

/** Request logging for the vertical. Health and metrics probes are silent. */
export function requestLogging(service: string, level: string) {
  return LoggerModule.forRoot({
    pinoHttp: {
      ...loggerOptions(service, level),
      quietReqLogger: true,
      customAttributeKeys: { reqId: 'request_id' },
      autoLogging: { ignore: (request) => (request as LoggedRequest).originalUrl?.startsWith('/health') ?? false },
      customLogLevel: (_request, response, error) =>
        error || response.statusCode >= 500 ? 'error' : response.statusCode >= 400 ? 'warn' : 'info',
      customProps: (request) => {
        const { tenantSlug, traceId } = request as LoggedRequest;
        return { tenant: tenantSlug, trace_id: traceId };
      },
      serializers: {
        req: (request: { method: string; url: string }) => ({
          method: request.method,
          path: request.url.split('?', 1)[0],
        }),
        res: (response: { statusCode: number }) => ({ status: response.statusCode }),
      },
    },
    // nestjs-pino's own default matches only `/` on Fastify.
    forRoutes: [{ path: '{*splat}', method: RequestMethod.ALL }],
  });
}
