/**
 * The one place where an error becomes an HTTP answer. Unknown errors are logged completely, and the answer shows only
 * an id.
 */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { PROBLEM_MEDIA_TYPE } from '#contracts/problem';
import { DomainError } from '#kernel';
import { problemOf } from './problem.js';
import type { HttpReply, HttpRequest } from './request.js';

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
  const problem = problemOf(error, request.id, statusOf(error));
  if (problem.status >= 500 && problem.status !== 503)
    logger.error({ err: error, request_id: request.id }, problem.code);
  if (error instanceof DomainError && error.extras.retryAfterSeconds !== undefined) {
    void reply.header('retry-after', String(error.extras.retryAfterSeconds));
  }
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply.status(problem.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem));
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Fastify's own errors carry their status; anything else that has one is not trusted beyond the 4xx range.
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
