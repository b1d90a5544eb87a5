/**
 * Who is the relay. One lease row per vertical, judged by the database's clock:
 *
 *   standby ──row free, expired or mine──▶ leader(epoch)     epoch + 1 whenever the holder changes
 *   leader ──renewed in time──▶ leader(epoch)
 *   leader ──row says another holder, fence says a higher epoch, or not renewed in time──▶ standby
 *
 * The lease keeps two relays from working at once in ordinary times. It is not what makes that safe: a paused leader can
 * wake up after its lease is gone. Safe is the epoch, which Redis compares on every publish (streams/scripts.ts) and
 * PostgreSQL on every saved position.
 */
export interface LeaseRow {
  readonly token: bigint;
  readonly holder: string;
  /** By the database's clock, as is the `now` it is compared with. */
  readonly expiresAt: Date;
}

export type Claim = { readonly kind: 'lead'; readonly token: bigint } | { readonly kind: 'wait' };

export function claimLease(row: LeaseRow | undefined, holder: string, now: Date): Claim {
  if (!row) return { kind: 'lead', token: 1n };
  // Expired and not taken by anybody: nobody else has acted under a newer epoch, so the old one still is the newest.
  if (row.holder === holder) return { kind: 'lead', token: row.token };
  if (row.expiresAt <= now) return { kind: 'lead', token: row.token + 1n };
  return { kind: 'wait' };
}
