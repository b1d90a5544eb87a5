/** Made by `npm run gen` from the events of every room. Do not edit. */
import type { EventContract } from './event.js';
import * as billing from './billing/events.js';
import * as catalogue from './catalogue/events.js';
import * as customers from './customers/events.js';
import * as entitlements from './entitlements/events.js';
import * as identity from './identity/events.js';
import * as insights from './insights/events.js';
import * as orders from './orders/events.js';
import * as quotes from './quotes/events.js';
import * as stock from './stock/events.js';
import * as tenancy from './tenancy/events.js';

const rooms = { billing, catalogue, customers, entitlements, identity, insights, orders, quotes, stock, tenancy };

export const EVENT_CONTRACTS: readonly EventContract[] = Object.values(rooms)
  .flatMap((room) => Object.values(room) as unknown[])
  .filter((value): value is EventContract => isContract(value));

function isContract(value: unknown): value is EventContract {
  return typeof value === 'object' && value !== null && 'aggregate' in value && 'data' in value && 'example' in value;
}
