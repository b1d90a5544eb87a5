/**
 * The refresh token: `<session>.<secret>`. The table keeps the SHA-256 of the newest secret only, so a stolen table
 * gives no access. Rotation is one UPDATE whose WHERE names the old hash, so only one of two callers with the same
 * token succeeds. The other presents a used token, and this ends the session for both, because one of them may be a
 * thief.
 */
import { createHash } from 'node:crypto';
import { isUuid, newSecret } from '#kernel';

export const REFRESH_COOKIE = '__Host-refresh';
export const REFRESH_DAYS = 30;
export const REFRESH_SECONDS = REFRESH_DAYS * 86_400;

export interface RefreshToken {
  readonly sessionId: string;
  readonly secret: string;
}

export function newRefreshToken(sessionId: string): RefreshToken {
  return { sessionId, secret: newSecret() };
}

export function formatRefreshToken(token: RefreshToken): string {
  return `${token.sessionId}.${token.secret}`;
}

/** Undefined when the text does not have the form of a refresh token. */
export function parseRefreshToken(text: string | undefined): RefreshToken | undefined {
  const [sessionId, secret, ...rest] = (text ?? '').split('.');
  return isUuid(sessionId) && secret && rest.length === 0 ? { sessionId, secret } : undefined;
}

export function hashOf(token: RefreshToken): Buffer {
  return createHash('sha256').update(token.secret).digest();
}
