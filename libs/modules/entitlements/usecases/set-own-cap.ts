import type { MeterName } from '#contracts/meters';
import { usageCapChanged } from '#contracts/entitlements/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { type CapRow, dropCap, saveCap, takeUnannounced, type AnnouncedCap } from '../data/limits.js';

/**
 * Sets the store's own limit of a meter, from the next request on and for every later period; null removes it. A cap below the
 * units already used returns none of them: it refuses every further unit.
 */
export async function setOwnCap(tx: TenantTransaction, meter: MeterName, cap: number | null): Promise<CapRow> {
  const changed = cap === null ? await dropCap(tx, meter) : await saveCap(tx, meter, cap);
  if (changed) announce(tx, changed);
  return changed ?? { meter, cap: null, set_by: null, set_at: null };
}

/** Announces the caps that an older release has set without an event. Returns their number. */
export async function announceOwnCaps(tx: TenantTransaction): Promise<number> {
  const caps = await takeUnannounced(tx);
  for (const cap of caps) announce(tx, cap);
  return caps.length;
}

function announce(tx: TenantTransaction, { telling, version, meter, cap, set_by, set_at }: AnnouncedCap): void {
  const data = { meter, cap: cap === null ? null : Number(cap), set_by, set_at: set_at.toISOString() };
  emit(tx, usageCapChanged, { id: telling, version }, data);
}
