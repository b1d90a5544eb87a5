/**
 * Which process is the relay. One lease row per vertical decides, by the database's clock:
 *
 *   standby ──row is free, expired or mine──▶ leader(token)     token + 1 whenever the holder changes
 *   leader ──lease renewed in time──▶ leader(token)
 *   leader ──row names another holder, Redis knows a higher token, or lease not renewed in time──▶ standby
 *
 * The lease prevents two relays from working at the same time in normal operation. It cannot make that safe alone: a leader
 * that was paused can wake up after its lease has ended. The fencing token makes it safe. Redis compares it on every publish
 * (streams/scripts.ts), and PostgreSQL compares it on every saved position.
 */
export interface LeaseRow {
  /** The fencing token of the holder. The column is `relay_leases.epoch`. */
  readonly token: bigint;
  readonly holder: string;
  /** By the database's clock, as is the `now` that it is compared with. */
  readonly expiresAt: Date;
}

export type Claim = { readonly kind: 'lead'; readonly token: bigint } | { readonly kind: 'wait' };

export function claimLease(row: LeaseRow | undefined, holder: string, now: Date): Claim {
  if (!row) return { kind: 'lead', token: 1n };
  // Even if the lease has expired, no other process has taken it, so the holder's token is still the newest one.
  if (row.holder === holder) return { kind: 'lead', token: row.token };
  if (row.expiresAt <= now) return { kind: 'lead', token: row.token + 1n };
  return { kind: 'wait' };
}
