import { sql, type TenantTransaction } from '#platform/database';
import { revokeSessions } from '../data/users.js';

export interface SignOut {
  userId: string;
  sessionId: string;
  /** All sessions of the person, not only this one. */
  isEverywhere: boolean;
}

/** Returns how many sessions ended. */
export async function signOut(tx: TenantTransaction, { userId, sessionId, isEverywhere }: SignOut): Promise<number> {
  if (isEverywhere) return revokeSessions(tx, tx.tenant, userId, 'signed out everywhere');
  return tx.execute(sql`
    update sessions set revoked_at = app.now(), revoked_reason = 'signed out'
     where tenant_id = ${tx.tenant} and id = ${sessionId} and revoked_at is null`);
}
