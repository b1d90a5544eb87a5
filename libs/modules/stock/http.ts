import { Controller, Module } from '@nestjs/common';
import { Decimal } from '#kernel';
import { getStock, listMovements, listStock, recordMovement } from '#contracts/stock/operations';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { levelPage, levelView, levelWithReservations, movementPage, movementView } from './data/levels.js';
import { errors } from './errors.js';
import { recordMovement as record } from './usecases/record-movement.js';

@Controller()
export class StockController {
  @Handle(recordMovement)
  async record(call: CallOf<typeof recordMovement>) {
    return movementView(await record(call.tx, call.body));
  }

  @Handle(listMovements)
  async movements(call: CallOf<typeof listMovements>) {
    const { product_id, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, movementPage(product_id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, movementView);
  }

  @Handle(listStock)
  async list(call: CallOf<typeof listStock>) {
    const { cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, levelPage(before(cursor), limit));
    return pageOf(rows, limit, (row) => row.product_id, levelView);
  }

  @Handle(getStock)
  async get(call: CallOf<typeof getStock>) {
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
