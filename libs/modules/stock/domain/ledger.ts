/**
 * The stock ledger's arithmetic. Movements are the truth and a balance is their sum; three things always hold:
 * on hand ≥ 0, reserved ≥ 0, reserved ≤ on hand. The table's CHECK constraints hold the same for statements that bypass this file.
 */
import { Decimal } from '#kernel';
import type { MOVEMENT_KINDS } from '#contracts/stock/events';
import { errors } from '../errors.js';

export type MovementKind = (typeof MOVEMENT_KINDS)[number];

export interface Balance {
  readonly onHand: Decimal;
  readonly reserved: Decimal;
}

export interface Change {
  readonly onHand: Decimal;
  readonly reserved: Decimal;
}

/** The change by a movement of `quantity` base units. `sell` takes from the shelf and, up to `held`, from the reservation. */
export function changeOf(kind: MovementKind, quantity: Decimal, balance: Balance, held = Decimal.zero): Change {
  const nothing = Decimal.zero;
  switch (kind) {
    case 'receive':
    case 'return':
      return { onHand: positive(quantity), reserved: nothing };
    case 'adjust':
      if (quantity.isZero) throw errors.invalid_quantity();
      return { onHand: quantity, reserved: nothing };
    case 'count':
      if (quantity.isNegative) throw errors.invalid_quantity();
      return { onHand: quantity.minus(balance.onHand), reserved: nothing };
    case 'reserve':
      return { onHand: nothing, reserved: positive(quantity) };
    case 'release':
      return { onHand: nothing, reserved: positive(quantity).negated() };
    case 'sell': {
      const fromHeld = held.compare(quantity) < 0 ? held : quantity;
      return { onHand: positive(quantity).negated(), reserved: fromHeld.negated() };
    }
  }
}

/** Throws `insufficient_stock` when the balance would break one of its rules. */
export function applied(balance: Balance, change: Change): Balance {
  const after = { onHand: balance.onHand.plus(change.onHand), reserved: balance.reserved.plus(change.reserved) };
  if (after.onHand.isNegative || after.reserved.isNegative || after.reserved.compare(after.onHand) > 0) {
    throw errors.insufficient_stock({
      details: { on_hand: balance.onHand.toText(), reserved: balance.reserved.toText() },
    });
  }
  return after;
}

export function available(balance: Balance): Decimal {
  return balance.onHand.minus(balance.reserved);
}

function positive(quantity: Decimal): Decimal {
  if (quantity.isNegative || quantity.isZero) throw errors.invalid_quantity();
  return quantity;
}
