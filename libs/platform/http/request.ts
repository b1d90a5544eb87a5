/** What the hooks and the guard add to a Fastify request. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '#platform/auth';
import type { LoggedRequest, Trace } from '#platform/telemetry';
import type { Site } from './site.js';
import type { OperationRunner } from './runner.js';

export interface HttpRequest extends FastifyRequest {
  site?: Site;
  trace?: Trace;
  principal?: Principal;
  server: FastifyRequest['server'] & { operations: OperationRunner };
  raw: FastifyRequest['raw'] & LoggedRequest;
}

export type HttpReply = FastifyReply;
