import { z } from 'zod';
import { idParams, operation, page, pageQuery } from '../operation.js';
import { id, instant, text } from '../scalars.js';

const kind = z.enum(['person', 'company']);

export const customer = z
  .object({
    id,
    kind,
    name: z.string(),
    document: z.string().nullable().meta({ description: 'CPF or CNPJ without punctuation' }),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    created_at: instant,
  })
  .meta({ id: 'Customer' });

const newCustomer = z
  .strictObject({
    kind,
    name: text(200),
    document: text(20).nullish().meta({ description: 'CPF for a person, CNPJ for a company; punctuation is ignored' }),
    email: z.email().max(254).nullish(),
    phone: text(40).nullish(),
  })
  .meta({ id: 'NewCustomer' });

export const createCustomer = operation({
  id: 'createCustomer',
  method: 'POST',
  path: '/customers',
  tag: 'Customers',
  summary: 'Register a customer',
  access: 'customer.manage',
  body: newCustomer,
  response: customer,
  errors: ['invalid_document', 'document_taken'],
});

export const getCustomer = operation({
  id: 'getCustomer',
  method: 'GET',
  path: '/customers/:id',
  tag: 'Customers',
  summary: 'Read one customer',
  access: 'customer.read',
  params: idParams,
  response: customer,
});

export const listCustomers = operation({
  id: 'listCustomers',
  method: 'GET',
  path: '/customers',
  tag: 'Customers',
  summary: 'List customers, newest first',
  access: 'customer.read',
  query: pageQuery.extend({ search: text(100).optional() }),
  response: page(customer),
});

export const changeCustomer = operation({
  id: 'changeCustomer',
  method: 'PATCH',
  path: '/customers/:id',
  tag: 'Customers',
  summary: 'Change a customer’s data',
  access: 'customer.manage',
  params: idParams,
  body: newCustomer.omit({ kind: true }).partial(),
  response: customer,
  errors: ['invalid_document', 'document_taken', 'version_conflict'],
});

export const site = z
  .object({
    id,
    customer_id: id,
    name: z.string(),
    address: z.string(),
    access_notes: z.string().nullable(),
    contact: z.string().nullable(),
    created_at: instant,
  })
  .meta({ id: 'Site' });

const newSite = z
  .strictObject({
    customer_id: id,
    name: text(200),
    address: text(500),
    access_notes: text(1_000).nullish(),
    contact: text(200).nullish(),
  })
  .meta({ id: 'NewSite' });

export const createSite = operation({
  id: 'createSite',
  method: 'POST',
  path: '/sites',
  tag: 'Customers',
  summary: 'Register a customer’s site',
  access: 'customer.manage',
  body: newSite,
  response: site,
  errors: ['customer_not_found'],
});

export const getSite = operation({
  id: 'getSite',
  method: 'GET',
  path: '/sites/:id',
  tag: 'Customers',
  summary: 'Read one site',
  access: 'customer.read',
  params: idParams,
  response: site,
});

export const listSites = operation({
  id: 'listSites',
  method: 'GET',
  path: '/sites',
  tag: 'Customers',
  summary: 'List sites, newest first',
  access: 'customer.read',
  query: pageQuery.extend({ customer_id: id.optional() }),
  response: page(site),
});

export const changeSite = operation({
  id: 'changeSite',
  method: 'PATCH',
  path: '/sites/:id',
  tag: 'Customers',
  summary: 'Change a site’s data',
  access: 'customer.manage',
  params: idParams,
  body: newSite.omit({ customer_id: true }).partial(),
  response: site,
  errors: ['version_conflict'],
});
