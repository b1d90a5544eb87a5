/** Every change of stock passes here: lock the balances, decide, write ledger and balance, say so. */
import { stockAdjusted } from '#contracts/stock/events';
import { Decimal, newId } from '#kernel';
import type { TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import {
  balanceOf,
  lockLevels,
  type LevelRow,
  type Movement,
  type MovementRow,
  saveMovements,
} from '../data/levels.js';
import { applied, type Balance, changeOf, type MovementKind } from '../domain/ledger.js';

export interface StockMove {
  productId: string;
  kind: MovementKind;
  /** Base units. */
  quantity: Decimal;
  /** For `sell`: how much of it was reserved for the same order. */
  held?: Decimal;
  unitCost?: Decimal | null;
  orderId?: string | null;
  reason?: string | null;
}

/** Throws `insufficient_stock` before anything is written. */
export async function moveStock(tx: TenantTransaction, moves: readonly StockMove[]): Promise<MovementRow[]> {
  const levels = await lockLevels(
    tx,
    moves.map((move) => move.productId),
  );
  return recordMoves(tx, levels, moves);
}

/** As `moveStock`, on balances the caller has already locked. */
export async function recordMoves(
  tx: TenantTransaction,
  levels: Map<string, LevelRow>,
  moves: readonly StockMove[],
): Promise<MovementRow[]> {
  if (moves.length === 0) return [];
  const balances = new Map<string, { balance: Balance; version: number }>();
  const movements = moves.map((move): Movement => {
    const level = levels.get(move.productId)!;
    const current = balances.get(move.productId) ?? { balance: balanceOf(level), version: level.version };
    const change = changeOf(move.kind, move.quantity, current.balance, move.held);
    const after = applied(current.balance, change);
    const version = current.version + 1;
    balances.set(move.productId, { balance: after, version });
    return {
      id: newId(),
      productId: move.productId,
      kind: move.kind,
      change,
      after,
      version,
      unitCost: move.unitCost ?? null,
      orderId: move.orderId ?? null,
      reason: move.reason ?? null,
    };
  });
  const rows = await saveMovements(tx, movements);
  for (const movement of movements) announce(tx, movement);
  return rows;
}

function announce(tx: TenantTransaction, movement: Movement): void {
  emit(
    tx,
    stockAdjusted,
    { id: movement.productId, version: movement.version },
    {
      product_id: movement.productId,
      movement_id: movement.id,
      kind: movement.kind,
      on_hand_change: movement.change.onHand.toText(),
      reserved_change: movement.change.reserved.toText(),
      on_hand: movement.after.onHand.toText(),
      reserved: movement.after.reserved.toText(),
      unit_cost: movement.unitCost?.toText() ?? null,
      order_id: movement.orderId,
    },
  );
}
