/**
 * The one place where an error becomes an HTTP answer. Unknown errors are logged completely, and the answer shows only
 * an id.
 */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { type Problem, PROBLEM_MEDIA_TYPE } from '#contracts/problem';
import { DomainError, type ErrorKind } from '#kernel';
import type { HttpReply, HttpRequest } from './request.js';

/** The HTTP status of each kind of error. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  misdirected: 421,
  invalid: 422,
  too_many_requests: 429,
  internal: 500,
  unavailable: 503,
};

/** Refusals of the server itself, before any of our code has run. */
export const SERVER_ERRORS: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ['malformed_request', 'The request cannot be read.'],
  404: ['not_found', 'There is nothing at this address.'],
  405: ['method_not_allowed', 'This address does not take that method.'],
  408: ['request_timeout', 'The request did not arrive in time.'],
  413: ['body_too_large', 'The request body is larger than this operation takes.'],
  414: ['uri_too_long', 'The address is too long.'],
  415: ['unsupported_media_type', 'Send the body as application/json.'],
  431: ['headers_too_large', 'The request headers are too large.'],
};

const logger = new Logger('Problem');

@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<HttpRequest>(), http.getResponse<HttpReply>());
  }
}

/** Also used by Fastify hooks, which run outside Nest's filters. */
export function sendProblem(error: unknown, request: HttpRequest, reply: HttpReply): void {
  const problem = problemOf(error, request.id);
  if (problem.status >= 500 && problem.status !== 503)
    logger.error({ err: error, request_id: request.id }, problem.code);
  if (error instanceof DomainError && error.extras.retryAfterSeconds !== undefined) {
    void reply.header('retry-after', String(error.extras.retryAfterSeconds));
  }
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply.status(problem.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem));
}

export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof DomainError) {
    return {
      ...documentOf(STATUS_OF_KIND[error.kind], error.code, error.message, requestId),
      ...error.extras.details,
      ...(error.extras.errors ? { errors: [...error.extras.errors] } : {}),
    };
  }
  const status = statusOf(error);
  const [code, detail] = SERVER_ERRORS[status] ?? [
    'internal_error',
    'Something went wrong on our side; the request id finds it in the logs.',
  ];
  return documentOf(SERVER_ERRORS[status] ? status : 500, code, detail, requestId);
}

function documentOf(status: number, code: string, detail: string, requestId: string): Problem {
  return {
    type: `/docs/errors#${code}`,
    title: code.replaceAll('_', ' '),
    status,
    code,
    detail,
    request_id: requestId,
  };
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Fastify's own errors carry their status; anything else that has one is not trusted beyond the 4xx range.
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
