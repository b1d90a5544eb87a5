import { userSignedIn } from '#contracts/identity/events';
import type { Role } from '#contracts/roles';
import { newId } from '#kernel';
import { verifyPassword } from '#platform/auth';
import { type Row, sql, type TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { errors } from '../errors.js';
import { hashOf, newRefreshToken, REFRESH_DAYS, type RefreshToken } from './refresh-token.js';

export interface SignIn {
  email: string;
  password: string;
  address: string;
  userAgent: string | null;
}

export interface SignedIn {
  userId: string;
  sessionId: string;
  authVersion: number;
  roles: Role[];
  refreshToken: RefreshToken;
}

type Account = Row<'users', 'id' | 'password_hash' | 'auth_version', { roles: Role[] }>;

/** A wrong password, an unknown address and a person without access give the same answer after the same time. */
export async function signIn(tx: TenantTransaction, input: SignIn): Promise<SignedIn> {
  const account = await tx.first(sql<Account>`
    select id, password_hash, roles, auth_version from users where tenant_id = ${tx.tenant} and email = ${input.email} and is_active`);
  if (!(await verifyPassword(account?.password_hash, input.password)) || !account) throw errors.invalid_credentials();

  const token = newRefreshToken(newId());
  const user = await tx.first(sql<Row<'users', 'version'>>`
    with opened as (
      insert into sessions (tenant_id, id, user_id, refresh_hash, expires_at, created_at, address, user_agent)
      values (${tx.tenant}, ${token.sessionId}, ${account.id}, ${hashOf(token)}, app.now() + make_interval(days => ${REFRESH_DAYS}),
              app.now(), ${input.address}, ${input.userAgent})
    )
    update users set last_sign_in_at = app.now(), version = version + 1
     where tenant_id = ${tx.tenant} and id = ${account.id}
    returning version`);
  emit(
    tx,
    userSignedIn,
    { id: account.id, version: user!.version },
    { user_id: account.id, session_id: token.sessionId },
  );
  return {
    userId: account.id,
    sessionId: token.sessionId,
    authVersion: account.auth_version,
    roles: account.roles,
    refreshToken: token,
  };
}
