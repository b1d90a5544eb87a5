/** Admits a request by one SQL function, which is sent ahead of the request's first statement in the same round trip. */
import type { Operation } from '#contracts/operation';
import type { OperatorPrincipal, TenantPrincipal } from '#platform/auth';
import { type Sql, sql } from '#platform/database';
import type { Admission } from '#platform/http';

export class SessionAdmission implements Admission {
  tenant(principal: TenantPrincipal | undefined, operation: Operation): Sql {
    const isWrite = operation.method !== 'GET' && operation.isOpenWhenSuspended !== true;
    return principal
      ? sql`select app.admit(${principal.sessionId}, ${principal.authVersion}, ${isWrite})`
      : sql`select app.admit_visitor(${isWrite})`;
  }

  operator(principal: OperatorPrincipal): Sql | undefined {
    return principal.sessionId === undefined ? undefined : sql`select app.admit_operator(${principal.sessionId})`;
  }
}
