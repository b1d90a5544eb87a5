/** Made by `npm run gen` from the folders beside this file. Do not edit. */
import type { PermissionTable } from './roles.js';

/** Aggregate → the room whose events it has. */
export const AGGREGATES = {
  user: 'identity',
  tenant: 'tenancy',
  product: 'catalogue',
  stock: 'stock',
  customer: 'customers',
  site: 'customers',
  quote: 'quotes',
  order: 'orders',
  insight: 'insights',
  account: 'billing',
  usage: 'entitlements',
} as const;

export type AggregateKind = keyof typeof AGGREGATES;

/** Consumer → the aggregates it consumes. */
export const SUBSCRIPTIONS = {
  billing: ['tenant', 'user', 'quote', 'order', 'usage'],
  entitlements: ['account'],
  sales: ['product', 'stock', 'customer', 'quote', 'order'],
  stock: ['tenant', 'product', 'stock', 'order'],
} as const satisfies Record<string, readonly AggregateKind[]>;

export type ConsumerName = keyof typeof SUBSCRIPTIONS;

export const CONSUMER_NAMES = Object.keys(SUBSCRIPTIONS) as ConsumerName[];

export const PERMISSIONS = {
  'user.read': ['owner', 'manager'],
  'user.manage': ['owner'],
  'tenant.read': ['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance'],
  'product.read': ['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance'],
  'product.manage': ['owner', 'manager'],
  'stock.read': ['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance'],
  'stock.move': ['owner', 'manager', 'warehouse'],
  'customer.read': ['owner', 'manager', 'seller', 'finance', 'driver'],
  'customer.manage': ['owner', 'manager', 'seller'],
  'quote.read': ['owner', 'manager', 'seller', 'finance'],
  'quote.manage': ['owner', 'manager', 'seller'],
  'quote.convert': ['owner', 'manager', 'seller'],
  'quote.convert_expired': ['owner', 'manager'],
  'order.read': ['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance'],
  'order.manage': ['owner', 'manager', 'seller', 'warehouse'],
  'order.cancel': ['owner', 'manager'],
  'order.deliver': ['owner', 'manager', 'warehouse', 'driver'],
  'insight.read': ['owner', 'manager', 'seller', 'finance'],
  'insight.answer': ['owner', 'manager', 'seller'],
  'billing.read': ['owner', 'finance'],
  'billing.pay': ['owner', 'finance'],
  'stream.read': ['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance'],
  'entitlement.read': ['owner', 'manager', 'finance'],
  'entitlement.cap': ['owner', 'finance'],
} as const satisfies PermissionTable;

/** In the order in which the document of the API shows them. */
export const TAGS: Readonly<Record<string, string>> = {
  'Sign-in': 'Sessions: an access token for the `Authorization` header, and a refresh cookie that renews it.',
  Store: 'The store itself.',
  People: 'Who may sign in to a store, and with which roles.',
  Products: 'What a store sells, in which units and at which price.',
  Stock: 'What is on the shelf, what is reserved, and every movement that led there.',
  Customers: 'Customers and the sites they build on.',
  Quotes: 'Offers with versions: draft, sent, accepted, converted.',
  Orders: 'What was sold and how far it has come.',
  Insights: 'What the engines advise, why, and what the store answered.',
  Billing: 'What the store uses, what that costs, and what it has been invoiced.',
  Live: 'What happens in the store, as it happens.',
  Tenants: 'The stores this installation serves.',
  Plans: 'What stores are offered: a base fee, what it includes, and what use beyond it costs.',
  Subscriptions: 'Which store is on which plan, since when and until when.',
  Invoices: 'What stores were invoiced, why, and what became of it.',
  Payments: 'Money that came in and went back.',
  Access: 'Grace, holds and suspensions, and the passes that decide on them.',
  Operators: 'Who may use the console.',
  Audit: 'What operators did, and why.',
  Events: 'The events on their way from the stores to the engines.',
  'Dead letters': 'Events that an engine could not apply, and what to do about them.',
};
