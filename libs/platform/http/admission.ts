/**
 * The check that only the database can make exactly: is the session still valid, and may this tenant do that? Its
 * statement runs in the same round trip as the work, and raises an error to refuse. So a logout, a changed role or a
 * suspension takes effect with the next request, without a separate round trip. Implemented by the identity and tenancy
 * modules.
 */
import type { Operation } from '#contracts/operation';
import type { OperatorPrincipal, TenantPrincipal } from '#platform/auth';
import type { Sql } from '#platform/database';

export interface Admission {
  tenant(principal: TenantPrincipal | undefined, operation: Operation): Sql;
  operator(principal: OperatorPrincipal): Sql | undefined;
}

export const ADMISSION = Symbol('Admission');
