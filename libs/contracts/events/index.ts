/** Every event contract there is. AsyncAPI, the goldens and the contract tests are made from this list. */
import type { EventContract } from '../event.js';
import * as account from './account.js';
import * as customer from './customer.js';
import * as insight from './insight.js';
import * as order from './order.js';
import * as product from './product.js';
import * as quote from './quote.js';
import * as stock from './stock.js';
import * as tenant from './tenant.js';
import * as usage from './usage.js';

const rooms = { account, customer, insight, order, product, quote, stock, tenant, usage };

export const EVENT_CONTRACTS: readonly EventContract[] = Object.values(rooms)
  .flatMap((room) => Object.values(room) as unknown[])
  .filter((value): value is EventContract => isContract(value));

function isContract(value: unknown): value is EventContract {
  return typeof value === 'object' && value !== null && 'aggregate' in value && 'data' in value && 'example' in value;
}
