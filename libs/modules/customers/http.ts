import { Controller, Module } from '#platform/nest';
import {
  changeCustomer,
  changeSite,
  createCustomer,
  createSite,
  getCustomer,
  getSite,
  listCustomers,
  listSites,
} from '#contracts/customers/operations';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { customerById, customerPage, customerView, siteById, sitePage, siteView } from './data/customers.js';
import { errors } from './errors.js';
import { changeCustomer as change } from './usecases/change-customer.js';
import { changeSite as changeTheSite } from './usecases/change-site.js';
import { createCustomer as create } from './usecases/create-customer.js';
import { createSite as createTheSite } from './usecases/create-site.js';

@Controller()
export class CustomersController {
  @Handle(createCustomer)
  async create(call: CallOf<typeof createCustomer>) {
    const row = await create(call.tx, call.body);
    call.etag(row.version);
    return customerView(row);
  }

  @Handle(getCustomer)
  async get(call: CallOf<typeof getCustomer>) {
    const [row] = await call.database.read(call.scope, customerById(call.params.id));
    if (!row) throw errors.customer_not_found();
    call.etag(row.version);
    return customerView(row);
  }

  @Handle(listCustomers)
  async list(call: CallOf<typeof listCustomers>) {
    const { search, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, customerPage(search, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, customerView);
  }

  @Handle(changeCustomer)
  async change(call: CallOf<typeof changeCustomer>) {
    const row = await change(call.tx, { ...call.body, id: call.params.id, expectedVersion: call.ifMatch });
    call.etag(row.version);
    return customerView(row);
  }
}

@Controller()
export class SitesController {
  @Handle(createSite)
  async create(call: CallOf<typeof createSite>) {
    const row = await createTheSite(call.tx, call.body);
    call.etag(row.version);
    return siteView(row);
  }

  @Handle(getSite)
  async get(call: CallOf<typeof getSite>) {
    const [row] = await call.database.read(call.scope, siteById(call.params.id));
    if (!row) throw errors.site_not_found();
    call.etag(row.version);
    return siteView(row);
  }

  @Handle(listSites)
  async list(call: CallOf<typeof listSites>) {
    const { customer_id, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, sitePage(customer_id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, siteView);
  }

  @Handle(changeSite)
  async change(call: CallOf<typeof changeSite>) {
    const row = await changeTheSite(call.tx, { ...call.body, id: call.params.id, expectedVersion: call.ifMatch });
    call.etag(row.version);
    return siteView(row);
  }
}

@Module({ controllers: [CustomersController, SitesController] })
export class CustomersHttp {}
