import { z } from 'zod';
import { idParams, operation, page, pageQuery, type Tags } from '../operation.js';
import { id, instant, text } from '../scalars.js';

export const tags: Tags = {
  Customers: { order: 60, description: 'Customers and the sites they build on.' },
};

const kind = z.enum(['person', 'company']);

export const customer = z
  .object({
    id,
    kind,
    name: z.string().meta({ examples: ['Construtora Horizonte Ltda'] }),
    document: z
      .string()
      .nullable()
      .meta({ examples: ['11222333000181'], description: 'CPF or CNPJ without punctuation' }),
    email: z
      .string()
      .nullable()
      .meta({ examples: ['compras@horizonte.test'] }),
    phone: z
      .string()
      .nullable()
      .meta({ examples: ['+55 11 4002-8922'] }),
    created_at: instant,
  })
  .meta({ id: 'Customer' });

const newCustomer = z
  .strictObject({
    kind,
    name: text(200).meta({ examples: ['Construtora Horizonte Ltda'] }),
    document: text(20)
      .nullish()
      .meta({
        examples: ['11.222.333/0001-81'],
        description: 'CPF for a person, CNPJ for a company; punctuation is ignored',
      }),
    email: z
      .email()
      .max(254)
      .nullish()
      .meta({ examples: ['compras@horizonte.test'] }),
    phone: text(40)
      .nullish()
      .meta({ examples: ['+55 11 4002-8922'] }),
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
    name: z.string().meta({ examples: ['Edifício Aurora'] }),
    address: z.string().meta({ examples: ['Rua das Palmeiras, 120, São Paulo'] }),
    access_notes: z
      .string()
      .nullable()
      .meta({ examples: ['Trucks up to 8 m, gate on the left'] }),
    contact: z
      .string()
      .nullable()
      .meta({ examples: ['João, +55 11 98888-0000'] }),
    created_at: instant,
  })
  .meta({ id: 'Site' });

const newSite = z
  .strictObject({
    customer_id: id,
    name: text(200).meta({ examples: ['Edifício Aurora'] }),
    address: text(500).meta({ examples: ['Rua das Palmeiras, 120, São Paulo'] }),
    access_notes: text(1_000)
      .nullish()
      .meta({ examples: ['Trucks up to 8 m, gate on the left'] }),
    contact: text(200)
      .nullish()
      .meta({ examples: ['João, +55 11 98888-0000'] }),
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
