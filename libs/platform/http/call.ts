/** The argument of a handler. Reads get a scope and the database; writes get the open transaction, or none yet. */
import type { ServerResponse } from 'node:http';
import type { BodyOf, Operation, ParamsOf, QueryOf } from '#contracts/operation';
import type { DomainError } from '#kernel';
import type { OperatorPrincipal, TenantPrincipal } from '#platform/auth';
import type { TenantDatabase, TenantScope, TenantTransaction } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { SiteTenant } from './site.js';

interface Call<Op extends Operation> {
  readonly params: ParamsOf<Op>;
  readonly query: QueryOf<Op>;
  /** The reader's languages, best first, as `Accept-Language` states them. */
  readonly languages: readonly string[];
  /** The caller's address, for audit and limits. */
  readonly address: string;
  readonly userAgent: string | null;
  /** The version named by `If-Match`, or undefined when the caller sent none. */
  readonly ifMatch: number | undefined;
  /** Answers with `ETag: "<version>"`, which `If-Match` can name later. */
  etag(version: number): void;
  header(name: string): string | undefined;
  /** The bytes of a JSON body as they were received; for signatures. */
  rawBody(): Buffer | undefined;
  cookie(name: string): string | undefined;
  setCookie(name: string, value: string, maxAgeSeconds: number): void;
}

interface TenantCall<Op extends Operation> extends Call<Op> {
  readonly tenant: SiteTenant;
  /** Present unless the operation is public. */
  readonly principal: Op['access'] extends 'public' ? TenantPrincipal | undefined : TenantPrincipal;
}

export interface ReadCall<Op extends Operation> extends TenantCall<Op> {
  readonly scope: TenantScope;
  readonly database: TenantDatabase;
  /** Gives the connection to the handler, which writes the answer itself (live streams). */
  takeOver(): ServerResponse;
}

export interface WriteCall<Op extends Operation> extends TenantCall<Op> {
  readonly body: BodyOf<Op>;
  readonly tx: TenantTransaction;
  /** The transaction commits, and the caller is refused nevertheless. */
  refuseAfterCommit(error: DomainError): void;
}

/** For a write that calls an outside service: each part of its exchange gets its own transaction. */
export interface ExchangeCall<Op extends Operation> extends TenantCall<Op> {
  readonly body: BodyOf<Op>;
}

export interface OperatorCall<Op extends Operation> extends Call<Op> {
  readonly body: BodyOf<Op>;
  readonly tx: CrossTenantTransaction;
  readonly principal: Op['access'] extends 'public' ? OperatorPrincipal | undefined : OperatorPrincipal;
}
