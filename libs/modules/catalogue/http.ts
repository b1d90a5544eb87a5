import { Controller, Module } from '@nestjs/common';
import { changeProduct, createProduct, getProduct, listProducts } from '#contracts/catalogue/operations';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { productById, productPage, productView } from './data/products.js';
import { errors } from './errors.js';
import { changeProduct as change } from './usecases/change-product.js';
import { createProduct as create } from './usecases/create-product.js';

@Controller()
export class ProductsController {
  @Handle(createProduct)
  async create(call: CallOf<typeof createProduct>) {
    const row = await create(call.tx, call.body);
    call.etag(row.version);
    return productView(row);
  }

  @Handle(getProduct)
  async get(call: CallOf<typeof getProduct>) {
    const [row] = await call.database.read(call.scope, productById(call.params.id));
    if (!row) throw errors.product_not_found();
    call.etag(row.version);
    return productView(row);
  }

  @Handle(listProducts)
  async list(call: CallOf<typeof listProducts>) {
    const { search, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, productPage(search, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, productView);
  }

  @Handle(changeProduct)
  async change(call: CallOf<typeof changeProduct>) {
    const row = await change(call.tx, { ...call.body, id: call.params.id, expectedVersion: call.ifMatch });
    call.etag(row.version);
    return productView(row);
  }
}

@Module({ controllers: [ProductsController] })
export class CatalogueHttp {}
