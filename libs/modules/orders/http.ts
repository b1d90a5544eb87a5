import { Controller, Module } from '@nestjs/common';
import { changeOrderStatus, createOrder, getOrder, listOrders } from '#contracts/orders/operations';
import { mayDo } from '#contracts/permissions';
import type { TenantTransaction } from '#platform/database';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { orderById, orderPage, orderSummary, orderView } from './data/orders.js';
import { errors } from './errors.js';
import { changeOrderStatus as changeStatus } from './usecases/change-order-status.js';
import { createOrder as create } from './usecases/create-order.js';

@Controller()
export class OrdersController {
  @Handle(createOrder)
  async create(call: CallOf<typeof createOrder>) {
    const { id } = await create(call.tx, call.body);
    return show(call, id);
  }

  @Handle(getOrder)
  async get(call: CallOf<typeof getOrder>) {
    const [order] = await call.database.read(call.scope, orderById(call.params.id));
    if (!order) throw errors.order_not_found();
    call.etag(order.version);
    return orderView(order);
  }

  @Handle(listOrders)
  async list(call: CallOf<typeof listOrders>) {
    const { status, customer_id, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, orderPage(status, customer_id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, orderSummary);
  }

  @Handle(changeOrderStatus)
  async changeStatus(call: CallOf<typeof changeOrderStatus>) {
    await changeStatus(call.tx, {
      orderId: call.params.id,
      to: call.body.status,
      reason: call.body.reason ?? null,
      mayCancel: mayDo(call.principal.roles, 'order.cancel'),
      expectedVersion: call.ifMatch,
    });
    return show(call, call.params.id);
  }
}

async function show(call: { tx: TenantTransaction; etag(version: number): void }, id: string) {
  const order = (await call.tx.first(orderById(id)))!;
  call.etag(order.version);
  return orderView(order);
}

@Module({ controllers: [OrdersController] })
export class OrdersHttp {}
