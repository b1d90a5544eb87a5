/**
 * Takes units of a meter in the transaction that uses them. A rollback returns them.
 *
 * The counter's row stays locked until the commit, and every other request of the tenant that uses this meter waits for it, as
 * it waits for the document number. To avoid deadlocks, a request takes its locks in this order:
 *
 *   the document it starts from ─▶ reserve ─▶ the document's number ─▶ stock levels, by product
 *   (the quote of a conversion)
 *
 * It reserves directly before it takes the number, so both locks are held for the same time.
 */
import type { MeterName } from '#contracts/meters';
import type { TenantTransaction } from '#platform/database';
import { takeUnits, unitsUsed } from '../data/reservations.js';
import { limitOf, refusalOf } from '../domain/refusal.js';
import { errors } from '../errors.js';
import { countRefusal } from '../data/metrics.js';

/**
 * Takes `quantity` units. Throws `usage_limit_reached` or `metered_operations_held`. A tenant without limits for this instant
 * (no plan, or its period is not announced yet) is let through, because a late event must not stop a store. Such units are
 * recorded as unassigned, and count in the period that is announced for this time later.
 */
export async function reserve(tx: TenantTransaction, meter: MeterName, quantity = 1): Promise<void> {
  if (!Number.isSafeInteger(quantity) || quantity < 1) throw new RangeError(`not a number of units: ${quantity}`);
  const { is_held, is_taken, starts_at, ends_at, hard, cap } = await takeUnits(tx, meter, quantity);
  if (is_held) {
    countRefusal(meter, 'hold');
    throw errors.metered_operations_held({ details: { meter } });
  }
  if (is_taken || starts_at === null) return;
  const limits = { hard: hard!, cap, endsAt: ends_at! };
  countRefusal(meter, limitOf(limits) < limits.hard ? 'own_cap' : 'plan');
  throw refusalOf(meter, limits, await unitsUsed(tx, meter, starts_at));
}
