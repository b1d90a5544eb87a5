import { Controller, Module } from '#platform/nest';
import * as operations from '#contracts/orders/operations';
import { mayDo } from '#contracts/permissions';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { orderById, orderPage, type OrderWithLines } from './data/orders.js';
import { errors } from './errors.js';
import { changeOrderStatus } from './usecases/change-order-status.js';
import { createOrder } from './usecases/create-order.js';
import { orderSummary, orderView } from './view.js';

@Controller()
export class OrdersController {
  @Handle(operations.createOrder)
  async createOrder(call: CallOf<typeof operations.createOrder>) {
    return shown(call, await createOrder(call.tx, call.body));
  }

  @Handle(operations.getOrder)
  async getOrder(call: CallOf<typeof operations.getOrder>) {
    const [order] = await call.database.read(call.scope, orderById(call.params.id));
    if (!order) throw errors.order_not_found();
    return shown(call, order);
  }

  @Handle(operations.listOrders)
  async listOrders(call: CallOf<typeof operations.listOrders>) {
    const { status, customer_id, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, orderPage(status, customer_id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, orderSummary);
  }

  @Handle(operations.changeOrderStatus)
  async changeOrderStatus(call: CallOf<typeof operations.changeOrderStatus>) {
    const order = await changeOrderStatus(call.tx, {
      orderId: call.params.id,
      to: call.body.status,
      reason: call.body.reason ?? null,
      mayCancel: mayDo(call.principal.roles, 'order.cancel'),
      expectedVersion: call.ifMatch,
    });
    return shown(call, order);
  }
}

function shown(call: { etag(version: number): void }, order: OrderWithLines) {
  call.etag(order.version);
  return orderView(order);
}

@Module({ controllers: [OrdersController] })
export class OrdersHttp {}
