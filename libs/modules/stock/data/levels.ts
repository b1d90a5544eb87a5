import { Decimal } from '#kernel';
import type { ResponseOf } from '#contracts/operation';
import type { getStock, recordMovement } from '#contracts/stock/operations';
import { type JsonRow, type Row, type Sql, sql, type TenantTransaction } from '#platform/database';
import { available, type Balance, type Change, type MovementKind } from '../domain/ledger.js';

export type LevelRow = Row<'stock_levels', 'product_id' | 'on_hand' | 'reserved' | 'version'>;

export type MovementRow = Row<
  'stock_movements',
  | 'id'
  | 'product_id'
  | 'on_hand_change'
  | 'reserved_change'
  | 'on_hand'
  | 'reserved'
  | 'unit_cost'
  | 'order_id'
  | 'reason'
  | 'actor'
  | 'occurred_at',
  { kind: MovementKind }
>;

/** Creates the level at zero if the product has none, and locks it. Locks are taken in product order, so two orders never wait for each other. */
export async function lockLevels(tx: TenantTransaction, productIds: readonly string[]): Promise<Map<string, LevelRow>> {
  const ids = [...new Set(productIds)].sort();
  const [, rows] = await tx.batch([
    sql`
      insert into stock_levels (tenant_id, product_id)
      select ${tx.tenant}, wanted.id from unnest(${ids}::uuid[]) as wanted(id) order by wanted.id
      on conflict do nothing`,
    sql<LevelRow>`
      select product_id, on_hand, reserved, version
        from stock_levels
       where tenant_id = ${tx.tenant} and product_id = any(${ids}::uuid[])
       order by product_id
         for update`,
  ]);
  return new Map(rows.map((row) => [row.product_id, row]));
}

export interface Movement {
  id: string;
  productId: string;
  kind: MovementKind;
  change: Change;
  after: Balance;
  version: number;
  unitCost: Decimal | null;
  orderId: string | null;
  reason: string | null;
}

/** Writes movements and the balances they lead to. One statement, whatever the number of lines. */
export async function saveMovements(tx: TenantTransaction, movements: readonly Movement[]): Promise<MovementRow[]> {
  return tx.query(sql<MovementRow>`
    with moved as (
      select * from unnest(
        ${movements.map((movement) => movement.id)}::uuid[],
        ${movements.map((movement) => movement.productId)}::uuid[],
        ${movements.map((movement) => movement.kind)}::text[],
        ${movements.map((movement) => movement.change.onHand.toText())}::numeric[],
        ${movements.map((movement) => movement.change.reserved.toText())}::numeric[],
        ${movements.map((movement) => movement.after.onHand.toText())}::numeric[],
        ${movements.map((movement) => movement.after.reserved.toText())}::numeric[],
        ${movements.map((movement) => movement.version)}::int[],
        ${movements.map((movement) => movement.unitCost?.toText() ?? null)}::numeric[],
        ${movements.map((movement) => movement.orderId)}::uuid[],
        ${movements.map((movement) => movement.reason)}::text[]
      ) as m(id, product_id, kind, on_hand_change, reserved_change, on_hand, reserved, version, unit_cost, order_id, reason)
    ), balanced as (
      update stock_levels l
         set on_hand = latest.on_hand, reserved = latest.reserved, version = latest.version, changed_at = app.now()
        from (select distinct on (product_id) * from moved order by product_id, version desc) latest
       where l.tenant_id = ${tx.tenant} and l.product_id = latest.product_id
    )
    insert into stock_movements (tenant_id, id, product_id, kind, on_hand_change, reserved_change, on_hand, reserved,
                                 version, unit_cost, order_id, reason, actor, occurred_at)
    select ${tx.tenant}, id, product_id, kind, on_hand_change, reserved_change, on_hand, reserved,
           version, unit_cost, order_id, reason, ${tx.actor.id}, app.now()
      from moved
    returning id, product_id, kind, on_hand_change, reserved_change, on_hand, reserved, unit_cost, order_id, reason, actor, occurred_at`);
}

export const levelPage = (beforeId: string, limit: number): Sql<LevelRow> => sql`
  select product_id, on_hand, reserved, version
    from stock_levels where tenant_id = app.current_tenant() and product_id < ${beforeId}
   order by product_id desc limit ${limit + 1}`;

export const levelWithReservations = (
  productId: string,
): Sql<LevelRow & { reservations: JsonRow<'stock_reservations', 'order_id' | 'quantity' | 'ends_at'>[] }> => sql`
  select l.product_id, l.on_hand, l.reserved, l.version,
         coalesce((select json_agg(json_build_object('order_id', r.order_id, 'quantity', r.quantity::text, 'ends_at', r.ends_at)
                                   order by r.ends_at, r.order_id)
                     from stock_reservations r
                    where r.tenant_id = l.tenant_id and r.product_id = l.product_id), '[]') as reservations
    from stock_levels l where l.tenant_id = app.current_tenant() and l.product_id = ${productId}`;

export const movementPage = (productId: string | undefined, beforeId: string, limit: number): Sql<MovementRow> =>
  productId === undefined
    ? sql`
        select id, product_id, kind, on_hand_change, reserved_change, on_hand, reserved, unit_cost, order_id, reason, actor, occurred_at
          from stock_movements where tenant_id = app.current_tenant() and id < ${beforeId}
         order by id desc limit ${limit + 1}`
    : sql`
        select id, product_id, kind, on_hand_change, reserved_change, on_hand, reserved, unit_cost, order_id, reason, actor, occurred_at
          from stock_movements where tenant_id = app.current_tenant() and product_id = ${productId} and id < ${beforeId}
         order by id desc limit ${limit + 1}`;

export function balanceOf(row: { on_hand: string; reserved: string }): Balance {
  return { onHand: Decimal.parse(row.on_hand), reserved: Decimal.parse(row.reserved) };
}

export function levelView(row: LevelRow): ResponseOf<typeof getStock> {
  const balance = balanceOf(row);
  return {
    product_id: row.product_id,
    on_hand: balance.onHand.toText(),
    reserved: balance.reserved.toText(),
    available: available(balance).toText(),
  };
}

export function movementView(row: MovementRow): ResponseOf<typeof recordMovement> {
  const balance = balanceOf(row);
  return {
    ...row,
    on_hand_change: Decimal.parse(row.on_hand_change).toText(),
    reserved_change: Decimal.parse(row.reserved_change).toText(),
    on_hand: balance.onHand.toText(),
    reserved: balance.reserved.toText(),
    available: available(balance).toText(),
    unit_cost: row.unit_cost === null ? null : Decimal.parse(row.unit_cost).toText(2),
    occurred_at: row.occurred_at.toISOString(),
  };
}
