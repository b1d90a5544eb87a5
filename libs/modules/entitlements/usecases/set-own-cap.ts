import type { MeterName } from '#contracts/events/account';
import type { TenantTransaction } from '#platform/database';
import { type CapRow, deleteCap, saveCap } from '../data/limits.js';

/**
 * The store's own limit, from the next request on and in every period to come; null takes it away. A cap below what is used
 * already gives nothing back: it refuses whatever comes next.
 */
export async function setOwnCap(tx: TenantTransaction, meter: MeterName, cap: number | null): Promise<CapRow> {
  if (cap !== null) return saveCap(tx, meter, cap);
  await deleteCap(tx, meter);
  return { meter, cap: null, set_by: null, set_at: null };
}
