import { Controller, Module } from '#platform/nest';
import * as operations from '#contracts/catalogue/operations';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { productById, productPage, productView } from './data/products.js';
import { errors } from './errors.js';
import { changeProduct } from './usecases/change-product.js';
import { createProduct } from './usecases/create-product.js';

@Controller()
export class ProductsController {
  @Handle(operations.createProduct)
  async createProduct(call: CallOf<typeof operations.createProduct>) {
    const row = await createProduct(call.tx, call.body);
    call.etag(row.version);
    return productView(row);
  }

  @Handle(operations.getProduct)
  async getProduct(call: CallOf<typeof operations.getProduct>) {
    const [row] = await call.database.read(call.scope, productById(call.params.id));
    if (!row) throw errors.product_not_found();
    call.etag(row.version);
    return productView(row);
  }

  @Handle(operations.listProducts)
  async listProducts(call: CallOf<typeof operations.listProducts>) {
    const { search, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, productPage(search, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, productView);
  }

  @Handle(operations.changeProduct)
  async changeProduct(call: CallOf<typeof operations.changeProduct>) {
    const row = await changeProduct(call.tx, { ...call.body, id: call.params.id, expectedVersion: call.ifMatch });
    call.etag(row.version);
    return productView(row);
  }
}

@Module({ controllers: [ProductsController] })
export class CatalogueHttp {}
