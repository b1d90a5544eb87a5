/** The members that the hooks and the guard add to a Fastify request. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Operation } from '#contracts/operation';
import type { Principal } from '#platform/auth';
import type { OutboundExchange } from '#platform/idempotency';
import type { LoggedRequest, Trace } from '#platform/telemetry';
import type { Site } from './site.js';

/** Runs one operation for one request; see runner.ts. */
export interface Operations {
  run(
    operation: Operation,
    request: HttpRequest,
    reply: HttpReply,
    handler: (call: never) => Promise<unknown>,
  ): Promise<unknown>;
  exchange(
    operation: Operation,
    request: HttpRequest,
    reply: HttpReply,
    handler: (call: never) => OutboundExchange<unknown>,
  ): Promise<unknown>;
}

export interface HttpRequest extends FastifyRequest {
  site?: Site;
  trace?: Trace;
  principal?: Principal;
  /** The bytes of a JSON body. */
  rawBody?: Buffer;
  server: FastifyRequest['server'] & { operations: Operations };
  raw: FastifyRequest['raw'] & LoggedRequest;
}

export type HttpReply = FastifyReply;

/** Emitted by the raw response when a handler takes over the connection until its end. */
export const TAKEN_OVER = 'takenOver';
