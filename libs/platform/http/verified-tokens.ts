/**
 * Tokens this process has verified. The same bytes verify the same way until they expire, and verifying takes longer than
 * the rest of the guard; whether the session behind a token still stands is asked of the database each time, so a
 * logout is not delayed by this. The oldest make room.
 */
import type { Principal } from '#platform/auth';

const KEPT = 20_000;

interface Entry {
  readonly principal: Principal;
  readonly until: number;
}

export class VerifiedTokens {
  private readonly entries = new Map<string, Entry>();

  get(audience: Principal['audience'], header: string, now = Date.now()): Principal | undefined {
    const entry = this.entries.get(header);
    return entry && entry.until > now && entry.principal.audience === audience ? entry.principal : undefined;
  }

  add(audience: Principal['audience'], header: string, principal: Principal): void {
    if (principal.audience !== audience) return;
    if (this.entries.size >= KEPT) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(header, { principal, until: expiryOf(header) });
  }
}

/** The verified token's own `exp`, in milliseconds; 0 when there is none, which keeps nothing. */
function expiryOf(header: string): number {
  const payload = header.split('.')[1] ?? '';
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp?: number };
  return (claims.exp ?? 0) * 1_000;
}
