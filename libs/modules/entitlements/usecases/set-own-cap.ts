import type { MeterName } from '#contracts/meters';
import { usageCapChanged } from '#contracts/entitlements/events';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import { type CapRow, dropCap, saveCap, takeUnannounced, type AnnouncedCap } from '../data/limits.js';

/**
 * The store's own limit, from the next request on and in every period to come; null takes it away. A cap below what is used
 * already gives nothing back: it refuses whatever comes next.
 */
export async function setOwnCap(tx: TenantTransaction, meter: MeterName, cap: number | null): Promise<CapRow> {
  const changed = cap === null ? await dropCap(tx, meter) : await saveCap(tx, meter, cap);
  if (changed) tell(tx, changed);
  return changed ?? { meter, cap: null, set_by: null, set_at: null };
}

/** What was set before caps were told, or by a process that knew nothing of it. Returns how many it told. */
export async function announceOwnCaps(tx: TenantTransaction): Promise<number> {
  const untold = await takeUnannounced(tx);
  for (const cap of untold) tell(tx, cap);
  return untold.length;
}

function tell(tx: TenantTransaction, { telling, version, meter, cap, set_by, set_at }: AnnouncedCap): void {
  const data = { meter, cap: cap === null ? null : Number(cap), set_by, set_at: set_at.toISOString() };
  emit(tx, usageCapChanged, { id: telling, version }, data);
}
