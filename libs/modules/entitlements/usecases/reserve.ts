/**
 * Units of a meter, taken in the transaction that uses them: what rolls back gives them back by itself.
 *
 * The counter's row stays locked until commit, and every request of the tenant that uses this meter waits for it, as it
 * waits for the document number. So that nobody waits in a circle, a request takes its locks in this order:
 *
 *   the document it starts from ─▶ reserve ─▶ the document's number ─▶ stock levels, by product
 *   (the quote of a conversion)
 *
 * and reserves in front of the number, which is the next thing it takes: the time both are held is the same.
 */
import type { MeterName } from '#contracts/meters';
import type { TenantTransaction } from '#platform/database';
import { takeUnits, unitsUsed } from '../data/reservations.js';
import { limitOf, refusalOf } from '../domain/refusal.js';
import { errors } from '../errors.js';
import { countRefusal } from '../data/metrics.js';

/**
 * Throws `usage_limit_reached` or `metered_operations_held`. A tenant without limits for this instant (no plan, or its
 * period has not been told yet) is let through, because a late event must not stop a store. What it uses is noticed, and counts
 * in the period that is told of this time later.
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
