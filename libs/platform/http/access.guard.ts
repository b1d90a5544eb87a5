/**
 * The first layer of tenancy, global, for every operation: right site for the audience, a valid token, token tenant = host
 * tenant, and the role's permission. A route without an operation value is closed unless it is marked open.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { Operation } from '#contracts/operation';
import { mayDo, type Permission } from '#contracts/permissions';
import { DomainError, errorTable } from '#kernel';
import type { Principal } from '#platform/auth';
import { SETTINGS, type Settings } from '#platform/config';
import { OPERATION } from './handle.js';
import { OPEN } from './open.js';
import { VerifiedTokens } from './verified-tokens.js';
import type { HttpRequest } from './request.js';

export const accessErrors = errorTable({
  unauthenticated: ['unauthenticated', 'Sign in first: the access token is missing, invalid or expired.'],
  forbidden: ['forbidden', 'Your role does not allow this.'],
  not_found: ['not_found', 'There is nothing at this address.'],
});

/** Verifies a token by passport's strategy of the audience. Throws `unauthenticated`. */
function verifierOf(audience: Principal['audience']): CanActivate {
  class Verifier extends AuthGuard(audience) {
    override handleRequest<User>(error: unknown, user: User | false): User {
      if (error instanceof DomainError) throw error;
      if (!user) throw accessErrors.unauthenticated();
      return user;
    }
  }
  return new Verifier({ property: 'principal' });
}

@Injectable()
export class AccessGuard implements CanActivate {
  private readonly verifiers = {
    tenant: verifierOf('tenant'),
    operator: verifierOf('operator'),
  };
  private readonly verified = new VerifiedTokens();
  private readonly managementKey: Buffer;

  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    this.managementKey = digest(settings.MANAGEMENT_API_KEY);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const operation = this.reflector.get<Operation | undefined>(OPERATION, context.getHandler());
    if (!operation) {
      if (this.reflector.getAllAndOverride<boolean>(OPEN, [context.getHandler(), context.getClass()])) return true;
      throw accessErrors.not_found();
    }
    const request = context.switchToHttp().getRequest<HttpRequest>();
    if (request.site?.kind !== (operation.audience === 'operator' ? 'console' : 'tenant'))
      throw accessErrors.not_found();
    if (operation.access === 'public') return true;
    request.principal = await this.principalOf(operation, request, context);
    if (!isAtHome(request.principal, request)) throw accessErrors.unauthenticated();
    if (!isAllowed(request.principal, operation)) throw accessErrors.forbidden();
    return true;
  }

  private async principalOf(operation: Operation, request: HttpRequest, context: ExecutionContext): Promise<Principal> {
    if (operation.audience === 'operator' && this.isManagementKey(request.headers.authorization)) {
      return { audience: 'operator', actor: this.settings.managementActor, sessionId: undefined };
    }
    const token = request.headers.authorization ?? '';
    const known = this.verified.get(operation.audience, token);
    if (known) return known;
    await this.verifiers[operation.audience].canActivate(context);
    this.verified.add(operation.audience, token, request.principal!);
    return request.principal!;
  }

  /** Compares digests, so that neither content nor length of the key shows in the time it takes. */
  private isManagementKey(authorization: string | undefined): boolean {
    const presented = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    return presented !== undefined && timingSafeEqual(digest(presented), this.managementKey);
  }
}

function isAtHome(principal: Principal, request: HttpRequest): boolean {
  if (principal.audience === 'operator') return request.site?.kind === 'console';
  return request.site?.kind === 'tenant' && request.site.tenant.id === principal.tenant;
}

function isAllowed(principal: Principal, operation: Operation): boolean {
  if (principal.audience === 'operator' || operation.access === 'signed_in') return true;
  return mayDo(principal.roles, operation.access as Permission);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
