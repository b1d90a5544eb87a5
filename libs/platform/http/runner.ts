/**
 * The life of a request behind the guard:
 *
 *   read      validate → handler(scope)
 *   write     validate → transaction { idempotency? → handler(tx) → record answer? } → answer after commit
 *   exchange  validate → transaction { idempotency? → prepare(tx) } → ask → transaction { conclude(tx) → record answer? } → answer
 *
 * A write is one transaction, idempotency record included: all of it happens or none of it. A write that calls an
 * outside service cannot be one transaction, because it would hold a connection during the call:
 * platform/idempotency/outbound-exchange.ts.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Operation } from '#contracts/operation';
import { type DomainError, errorTable } from '#kernel';
import '@fastify/cookie';
import type { OperatorPrincipal, TenantPrincipal } from '#platform/auth';
import { SETTINGS, type Settings } from '#platform/config';
import { TenantDatabase, type TenantScope } from '#platform/database';
import { CrossTenantDatabase, type CrossTenantTransaction } from '#platform/database/crossing';
import {
  Fingerprints,
  idempotencyKey,
  type OutboundExchange,
  runOutboundExchange,
  withIdempotencyKey,
} from '#platform/idempotency';
import { ADMISSION, type Admission } from './admission.js';
import type { ExchangeCall, OperatorCall, ReadCall, WriteCall } from './call.js';
import { type HttpReply, type HttpRequest, TAKEN_OVER } from './request.js';
import { validated } from './validation.js';

const errors = errorTable({
  invalid_if_match: ['malformed', 'If-Match must be one ETag such as "3".'],
});

const ANONYMOUS = { id: 'anonymous' };

type AnyCall = ReadCall<Operation> | WriteCall<Operation> | OperatorCall<Operation>;

@Injectable()
export class OperationRunner {
  private readonly fingerprints: Fingerprints;

  constructor(
    @Inject(TenantDatabase) private readonly database: TenantDatabase,
    @Inject(CrossTenantDatabase) private readonly crossing: CrossTenantDatabase,
    @Inject(ADMISSION) private readonly admission: Admission,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.fingerprints = new Fingerprints(settings.SECRET_KEY);
  }

  async run(
    operation: Operation,
    request: HttpRequest,
    reply: HttpReply,
    handler: (call: AnyCall) => Promise<unknown>,
  ): Promise<unknown> {
    const call = callOf(operation, request, reply);
    if (operation.audience === 'operator') return this.operate(request, call, handler);
    const scope = this.scopeOf(operation, request);
    const tenantCall = { ...call, ...ofTenant(request) };
    if (operation.method === 'GET')
      return handler({ ...tenantCall, scope, database: this.database, takeOver: () => takenOver(reply) });

    const key = this.keyOf(operation, request, call);
    let refusal: DomainError | undefined;
    const refuseAfterCommit = (error: DomainError) => void (refusal = error);
    const answer = await this.database.transaction(scope, (tx) =>
      withIdempotencyKey(tx, key, () => handler({ ...tenantCall, tx, refuseAfterCommit })),
    );
    if (refusal) throw refusal;
    return answer;
  }

  async exchange(
    operation: Operation,
    request: HttpRequest,
    reply: HttpReply,
    handler: (call: ExchangeCall<Operation>) => OutboundExchange<unknown>,
  ): Promise<unknown> {
    const call = callOf(operation, request, reply);
    const key = this.keyOf(operation, request, call);
    const parts = handler({ ...call, ...ofTenant(request) });
    return runOutboundExchange(this.database, this.scopeOf(operation, request), key, parts);
  }

  private operate(request: HttpRequest, call: object, handler: (call: AnyCall) => Promise<unknown>): Promise<unknown> {
    const principal = request.principal as OperatorPrincipal | undefined;
    const options = { guard: principal && this.admission.operator(principal) };
    const work = (tx: CrossTenantTransaction) =>
      handler({ ...call, principal, tx } as unknown as OperatorCall<Operation>);
    // A dry run is the real run with a rollback, so it shows exactly what the real run would do.
    return request.headers['x-dry-run'] === 'true'
      ? this.crossing.rehearse(work, options)
      : this.crossing.transaction(work, options);
  }

  private keyOf(operation: Operation, request: HttpRequest, call: { params: unknown; body: unknown }) {
    return idempotencyKey(request.headers['idempotency-key'], this.fingerprints, operation, call);
  }

  private scopeOf(operation: Operation, request: HttpRequest): TenantScope {
    const site = request.site!;
    if (site.kind !== 'tenant') return unreachable();
    const principal = request.principal as TenantPrincipal | undefined;
    return {
      tenant: site.tenant.id,
      actor: principal ? { id: `user:${principal.userId}` } : ANONYMOUS,
      guard: this.admission.tenant(principal, operation),
      ...(request.trace ? { traceparent: request.trace.traceparent } : {}),
    };
  }
}

function callOf(operation: Operation, request: HttpRequest, reply: HttpReply) {
  return { ...validated(operation, request), ...carried(request, reply) };
}

function ofTenant({ site, principal }: HttpRequest) {
  return { tenant: site!.kind === 'tenant' ? site!.tenant : unreachable(), principal: principal as TenantPrincipal };
}

function carried(request: HttpRequest, reply: HttpReply) {
  return {
    languages: languagesOf(request.headers['accept-language']),
    address: request.ip,
    userAgent: request.headers['user-agent']?.slice(0, 300) ?? null,
    ifMatch: versionOf(request.headers['if-match']),
    etag: (version: number) => void reply.header('etag', `"${version}"`),
    header: (name: string) => headerOf(request, name),
    rawBody: () => request.rawBody,
    cookie: (name: string) => request.cookies[name],
    setCookie: (name: string, value: string, maxAge: number) =>
      // __Host- cookies: this host only, TLS only (browsers make an exception for localhost), no script.
      void reply.setCookie(name, value, { httpOnly: true, secure: true, sameSite: 'strict', path: '/', maxAge }),
  };
}

function headerOf(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Headers that hooks have set on the reply stay. Limits and metrics, which count answers, do not wait for this one. */
function takenOver(reply: HttpReply) {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.hijack();
  reply.raw.emit(TAKEN_OVER);
  return reply.raw;
}

export function languagesOf(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', quality = 'q=1'] = part.trim().split(';');
      return { tag: tag.trim(), quality: Number(quality.trim().slice(2)) || 0 };
    })
    .filter(({ tag, quality }) => tag !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

function versionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined;
  const match = /^"(\d{1,9})"$/.exec(header);
  if (!match) throw errors.invalid_if_match();
  return Number(match[1]);
}

/** The guard lets an operation through only at the site its audience belongs to. */
function unreachable(): never {
  throw new Error('a tenant operation ran outside a tenant site');
}
