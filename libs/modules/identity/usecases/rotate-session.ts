import type { Role } from '#contracts/roles';
import { type Row, sql, type TenantTransaction } from '#platform/database';
import { errors } from '../errors.js';
import type { SignedIn } from './sign-in.js';
import { hashOf, newRefreshToken, parseRefreshToken } from './refresh-token.js';

export type Rotation = { kind: 'rotated'; signedIn: SignedIn } | { kind: 'reused' };

type RotatedRow = Row<'sessions', 'user_id'> & Row<'users', 'auth_version', { roles: Role[] }>;

/**
 * Exchanges a refresh token for the next. `reused` means that this call has ended the session: the transaction must
 * commit, so the caller refuses afterwards. Throws `refresh_missing` or `session_ended`.
 */
export async function rotateSession(tx: TenantTransaction, cookie: string | undefined): Promise<Rotation> {
  const old = parseRefreshToken(cookie);
  if (!old) throw errors.refresh_missing();
  const next = newRefreshToken(old.sessionId);
  const rotated = await tx.first(sql<RotatedRow>`
    update sessions s
       set refresh_hash = ${hashOf(next)}, generation = s.generation + 1
      from users u
     where s.tenant_id = ${tx.tenant} and s.id = ${old.sessionId} and s.refresh_hash = ${hashOf(old)}
       and s.revoked_at is null and s.expires_at > app.now()
       and u.tenant_id = s.tenant_id and u.id = s.user_id and u.is_active
    returning s.user_id, u.roles, u.auth_version`);
  if (rotated) {
    return {
      kind: 'rotated',
      signedIn: {
        userId: rotated.user_id,
        sessionId: old.sessionId,
        authVersion: rotated.auth_version,
        roles: rotated.roles,
        refreshToken: next,
      },
    };
  }
  const ended = await tx.execute(sql`
    update sessions set revoked_at = app.now(), revoked_reason = 'refresh token reused'
     where tenant_id = ${tx.tenant} and id = ${old.sessionId} and refresh_hash <> ${hashOf(old)} and revoked_at is null`);
  if (ended === 0) throw errors.session_ended();
  return { kind: 'reused' };
}
