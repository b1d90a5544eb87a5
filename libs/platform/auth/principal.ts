/** The caller, from the verified token. The database checks in each request that the session is still valid. */
import type { TenantId } from '#kernel';

export interface TenantPrincipal {
  readonly audience: 'tenant';
  readonly tenant: TenantId;
  readonly userId: string;
  readonly sessionId: string;
  /** Raised whenever roles or access change; an older token is refused. */
  readonly authVersion: number;
  readonly roles: readonly string[];
}

export interface OperatorPrincipal {
  readonly audience: 'operator';
  /** `operator:<id>`, or `operator:management-key`. */
  readonly actor: string;
  readonly sessionId: string | undefined;
}

export type Principal = TenantPrincipal | OperatorPrincipal;
