/**
 * Events become counts. A batch is folded in memory and written by one statement per table, in the order of keys. Each
 * fact comes from one aggregate, and what several touch is a sum, a minimum or a maximum, so their order does not matter.
 */
import { type Envelope, type EventData, isEvent } from '#contracts/event';
import { customerChanged, customerCreated } from '#contracts/customers/events';
import { saleRecorded } from '#contracts/orders/events';
import { priceChanged, productChanged, productCreated } from '#contracts/catalogue/events';
import { quoteSent } from '#contracts/quotes/events';
import { stockAdjusted } from '#contracts/stock/events';
import { Decimal, Money } from '#kernel';
import type { Sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import {
  addBaskets,
  addItems,
  addPairs,
  type BasketDay,
  type CustomerPatch,
  type ItemDay,
  mergeCustomers,
  mergeProducts,
  mergeQuotes,
  type PairDay,
  type ProductPatch,
  type QuotePatch,
} from '../data/facts.js';
import { LONGEST_BASKET } from '../domain/associations.js';

/** The state of a quote after each event. */
const QUOTE_STATE: Readonly<Record<string, string>> = {
  'quote.created': 'draft',
  'quote.changed': 'draft',
  'quote.sent': 'sent',
  'quote.accepted': 'accepted',
  'quote.declined': 'declined',
  'quote.expired': 'expired',
  'quote.cancelled': 'cancelled',
  'quote.superseded': 'superseded',
  'quote.converted': 'converted',
};

export async function applyEvents(tx: CrossTenantTransaction, events: readonly Envelope[]): Promise<void> {
  const fold = new Fold();
  for (const event of events) fold.take(event);
  const { products, customers, quotes, baskets, items, pairs } = fold.facts();
  const statements: Sql[] = [];
  if (products.length > 0) statements.push(mergeProducts(products));
  if (customers.length > 0) statements.push(mergeCustomers(customers));
  if (quotes.length > 0) statements.push(mergeQuotes(quotes));
  if (baskets.length > 0) statements.push(addBaskets(baskets));
  if (items.length > 0) statements.push(addItems(items));
  if (pairs.length > 0) statements.push(addPairs(pairs));
  if (statements.length > 0) await tx.batch(statements);
}

type Sale = EventData<typeof saleRecorded>;

class Fold {
  private readonly products = new Map<string, ProductPatch>();
  private readonly customers = new Map<string, CustomerPatch>();
  private readonly quotes = new Map<string, QuotePatch>();
  private readonly baskets = new Map<string, BasketDay>();
  private readonly items = new Map<string, ItemDay>();
  private readonly pairs = new Map<string, PairDay>();

  take(event: Envelope): void {
    if (isEvent(event, saleRecorded)) this.sale(event, event.data);
    else if (isEvent(event, stockAdjusted)) {
      const { product_id, on_hand, reserved } = event.data;
      this.product(event, product_id).available = Decimal.parse(on_hand).minus(Decimal.parse(reserved)).toText();
    } else if (isEvent(event, productCreated) || isEvent(event, productChanged)) {
      const { product_id, code, name, category, price, currency } = event.data;
      Object.assign(this.product(event, product_id), { code, name, category, price, currency });
    } else if (isEvent(event, priceChanged)) {
      Object.assign(this.product(event, event.data.product_id), { price: event.data.price });
    } else if (isEvent(event, customerCreated) || isEvent(event, customerChanged)) {
      this.customer(event, event.data.customer_id).name = event.data.name;
    } else if (event.type in QUOTE_STATE) this.quote(event as Envelope<QuoteData>);
  }

  facts() {
    return {
      products: inKeyOrder(this.products),
      customers: inKeyOrder(this.customers),
      quotes: inKeyOrder(this.quotes),
      baskets: inKeyOrder(this.baskets),
      items: inKeyOrder(this.items),
      pairs: inKeyOrder(this.pairs),
    };
  }

  private sale(event: Envelope, sale: Sale): void {
    const tenant = event.tenantid;
    const day = sale.sold_at.slice(0, 10);
    counted(this.baskets, `${tenant} ${day}`, () => ({ tenant, day, baskets: 0 })).baskets += 1;

    const values = new Map<string, bigint>();
    for (const line of sale.lines)
      values.set(line.product_id, (values.get(line.product_id) ?? 0n) + minor(line.total, sale.currency));
    for (const [product, value] of values) {
      this.product(event, product);
      const item = counted(this.items, `${tenant} ${product} ${day}`, () => ({
        tenant,
        product,
        day,
        baskets: 0,
        value_minor: 0n,
      }));
      item.baskets += 1;
      item.value_minor += value;
    }
    if (values.size <= LONGEST_BASKET) this.pair(tenant, day, [...values.keys()]);

    const customer = this.customer(event, sale.customer_id);
    customer.orders += 1;
    customer.total_minor += minor(sale.total, sale.currency);
    customer.currency = sale.currency;
    customer.first_sold_at =
      !customer.first_sold_at || sale.sold_at < customer.first_sold_at ? sale.sold_at : customer.first_sold_at;
    customer.last_sold_at =
      !customer.last_sold_at || sale.sold_at > customer.last_sold_at ? sale.sold_at : customer.last_sold_at;
  }

  private pair(tenant: string, day: string, products: readonly string[]): void {
    for (const product of products) {
      for (const partner of products) {
        if (product === partner) continue;
        counted(this.pairs, `${tenant} ${product} ${partner} ${day}`, () => ({
          tenant,
          product,
          partner,
          day,
          baskets: 0,
        })).baskets += 1;
      }
    }
  }

  private product(event: Envelope, product: string): ProductPatch {
    const patch = counted(this.products, `${event.tenantid} ${product}`, () => ({
      tenant: event.tenantid,
      product,
      code: null,
      name: null,
      category: null,
      price: null,
      currency: null,
      available: null,
      facts_at: event.time,
    }));
    if (event.time > patch.facts_at) patch.facts_at = event.time;
    return patch;
  }

  private customer(event: Envelope, customer: string): CustomerPatch {
    const patch = counted(this.customers, `${event.tenantid} ${customer}`, () => ({
      tenant: event.tenantid,
      customer,
      name: null,
      orders: 0,
      total_minor: 0n,
      currency: null,
      first_sold_at: null,
      last_sold_at: null,
      facts_at: event.time,
    }));
    if (event.time > patch.facts_at) patch.facts_at = event.time;
    return patch;
  }

  private quote(event: Envelope<QuoteData>): void {
    const { quote_id, number, customer_id, seller_id, total, currency } = event.data;
    const key = `${event.tenantid} ${quote_id}`;
    const before = this.quotes.get(key);
    this.quotes.set(key, {
      tenant: event.tenantid,
      quote: quote_id,
      number,
      customer: customer_id,
      seller: seller_id,
      state: QUOTE_STATE[event.type]!,
      total_minor: minor(total, currency),
      currency,
      valid_until: event.data.valid_until ?? before?.valid_until ?? null,
      facts_at: before && before.facts_at > event.time ? before.facts_at : event.time,
    });
  }
}

/** What all events of a quote carry, and the end of its validity from `quote.sent` on. */
type QuoteData = Omit<EventData<typeof quoteSent>, 'valid_until'> & { readonly valid_until?: string };

function counted<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  let value = values.get(key);
  if (value === undefined) values.set(key, (value = make()));
  return value;
}

function inKeyOrder<Value>(values: Map<string, Value>): Value[] {
  return [...values.keys()].sort().map((key) => values.get(key)!);
}

function minor(amount: string, currency: string): bigint {
  return Money.fromDecimal(Decimal.parse(amount), currency).minor;
}
