import { Controller, Module } from '#platform/nest';
import { Decimal } from '#kernel';
import * as operations from '#contracts/stock/operations';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { levelPage, levelView, levelWithReservations, movementPage, movementView } from './data/levels.js';
import { errors } from './errors.js';
import { recordMovement } from './usecases/record-movement.js';

@Controller()
export class StockController {
  @Handle(operations.recordMovement)
  async recordMovement(call: CallOf<typeof operations.recordMovement>) {
    return movementView(await recordMovement(call.tx, call.body));
  }

  @Handle(operations.listMovements)
  async listMovements(call: CallOf<typeof operations.listMovements>) {
    const { product_id, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, movementPage(product_id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, movementView);
  }

  @Handle(operations.listStock)
  async listStock(call: CallOf<typeof operations.listStock>) {
    const { cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, levelPage(before(cursor), limit));
    return pageOf(rows, limit, (row) => row.product_id, levelView);
  }

  @Handle(operations.getStock)
  async getStock(call: CallOf<typeof operations.getStock>) {
    const [row] = await call.database.read(call.scope, levelWithReservations(call.params.product_id));
    if (!row) throw errors.product_not_found();
    return {
      ...levelView(row),
      reservations: row.reservations.map((held) => ({
        order_id: held.order_id,
        quantity: Decimal.parse(held.quantity).toText(),
        ends_at: new Date(held.ends_at).toISOString(),
      })),
    };
  }
}

@Module({ controllers: [StockController] })
export class StockHttp {}
