/**
 * Reservations: who holds what until when. An order holds what there is and no more; what is missing shows as the
 * difference between ordered and reserved, and becomes an insight, not a refused sale.
 */
import { Decimal } from '#kernel';
import { type Row, sql, type TenantTransaction } from '#platform/database';
import { balanceOf, lockLevels } from '../data/levels.js';
import { available } from '../domain/ledger.js';
import { recordMoves, type StockMove } from './move-stock.js';

/** How long an order may sit undelivered before its goods are free for others again. */
const HOLD_DAYS = 30;

export interface Wanted {
  productId: string;
  /** Base units. */
  quantity: Decimal;
}

/** Returns how much of each line could be held, in the lines' order. */
export async function holdStock(tx: TenantTransaction, orderId: string, wanted: readonly Wanted[]): Promise<Decimal[]> {
  const levels = await lockLevels(
    tx,
    wanted.map((line) => line.productId),
  );
  const left = new Map([...levels].map(([id, row]) => [id, available(balanceOf(row))]));
  const held = wanted.map((line) => {
    const free = left.get(line.productId)!;
    const take = free.compare(line.quantity) < 0 ? free : line.quantity;
    left.set(line.productId, free.minus(take));
    return take;
  });
  const moves = wanted.flatMap((line, index): StockMove[] =>
    held[index]!.isZero ? [] : [{ productId: line.productId, kind: 'reserve', quantity: held[index]!, orderId }],
  );
  await recordMoves(tx, levels, moves);
  if (moves.length > 0) {
    await tx.execute(sql`
      insert into stock_reservations as r (tenant_id, product_id, order_id, quantity, ends_at)
      select ${tx.tenant}, h.product_id, ${orderId}, sum(h.quantity), app.now() + make_interval(days => ${HOLD_DAYS})
        from unnest(${moves.map((move) => move.productId)}::uuid[],
                    ${moves.map((move) => move.quantity.toText())}::numeric[]) as h(product_id, quantity)
       group by h.product_id
      on conflict (tenant_id, product_id, order_id) do update set quantity = r.quantity + excluded.quantity`);
  }
  return held;
}

/** Gives back all that the order still holds. */
export async function releaseStock(tx: TenantTransaction, orderId: string): Promise<void> {
  const held = await takeReservations(tx, orderId);
  const levels = await lockLevels(tx, [...held.keys()]);
  const moves = [...held].map(([productId, quantity]): StockMove => ({
    productId,
    kind: 'release',
    quantity,
    orderId,
  }));
  await recordMoves(tx, levels, moves);
}

/** The goods leave for good: takes them from the shelf, first from what the order holds. Throws `insufficient_stock`. */
export async function sellStock(tx: TenantTransaction, orderId: string, sold: readonly Wanted[]): Promise<void> {
  const held = await takeReservations(tx, orderId);
  const levels = await lockLevels(tx, [...new Set([...sold.map((line) => line.productId), ...held.keys()])]);
  const moves = sold.map((line): StockMove => {
    const holding = held.get(line.productId) ?? Decimal.zero;
    const used = holding.compare(line.quantity) < 0 ? holding : line.quantity;
    held.set(line.productId, holding.minus(used));
    return { productId: line.productId, kind: 'sell', quantity: line.quantity, held: used, orderId };
  });
  const rest = [...held].filter(([, quantity]) => !quantity.isZero);
  const releases = rest.map(([productId, quantity]): StockMove => ({ productId, kind: 'release', quantity, orderId }));
  await recordMoves(tx, levels, [...moves, ...releases]);
}

async function takeReservations(tx: TenantTransaction, orderId: string): Promise<Map<string, Decimal>> {
  const rows = await tx.query(sql<Row<'stock_reservations', 'product_id' | 'quantity'>>`
    delete from stock_reservations where tenant_id = ${tx.tenant} and order_id = ${orderId} returning product_id, quantity`);
  return new Map(rows.map((row) => [row.product_id, Decimal.parse(row.quantity)]));
}
