/**
 * The question only the database can answer exactly: does this session still stand, and may this tenant do that? Its
 * statement runs in the same round trip as the work and raises to refuse, so a logout, a changed role or a suspension bites
 * on the very next request without a round trip of its own. Implemented by the identity and tenancy modules.
 */
import type { Operation } from '#contracts/operation';
import type { OperatorPrincipal, TenantPrincipal } from '#platform/auth';
import type { Sql } from '#platform/database';

export interface Admission {
  tenant(principal: TenantPrincipal | undefined, operation: Operation): Sql;
  operator(principal: OperatorPrincipal): Sql | undefined;
}

export const ADMISSION = Symbol('Admission');
