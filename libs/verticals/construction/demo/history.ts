/**
 * Sixty days of a demo store, through the use cases of people's requests, at shifted times. It uses a seed, so every
 * clone has the same history.
 */
import { Decimal, tenantId } from '#kernel';
import { createProduct } from '#modules/catalogue';
import { createCustomer, createSite } from '#modules/customers';
import { changeOrderStatus, createOrder } from '#modules/orders';
import { acceptQuote, convertQuote, createQuote, sendQuote } from '#modules/quotes';
import { recordMovement } from '#modules/stock';
import { sql, type TenantDatabase, type TenantScope, type TenantTransaction } from '#platform/database';
import { DEMO_BASKETS, DEMO_CUSTOMERS, DEMO_PRODUCTS } from './catalogue.js';

const DAYS = 60;
const ORDERS_PER_DAY = 2;
const VALID_DAYS = 10;

export interface DemoStore {
  tenant: string;
  sellerId: string;
  seed: number;
}

interface Basket {
  customer_id: string;
  site_id: string;
  discount_percent: string;
  lines: { product_id: string; quantity: string; discount_percent: string }[];
}

/** Returns how many orders it made. */
export async function liveThrough(database: TenantDatabase, store: DemoStore): Promise<number> {
  const random = randomFrom(store.seed);
  const at = <Result>(daysAgo: number, work: (tx: TenantTransaction) => Promise<Result>) =>
    database.transaction(scopeAt(store, daysAgo), work);

  const products = new Map<string, string>();
  for (const product of DEMO_PRODUCTS) {
    const { id } = await at(DAYS + 10, (tx) =>
      createProduct(tx, { ...product, units: (product.units ?? []).map((unit) => ({ ...unit, barcode: null })) }),
    );
    products.set(product.code, id);
    await at(DAYS + 9, (tx) =>
      recordMovement(tx, {
        product_id: id,
        kind: 'receive',
        quantity: product.stocked,
        unit_cost: product.cost,
        reason: 'estoque inicial',
      }),
    );
  }
  const customers: { customer_id: string; site_id: string }[] = [];
  for (const { site, ...customer } of DEMO_CUSTOMERS) {
    const { id } = await at(DAYS + 8, (tx) => createCustomer(tx, customer));
    const placed = await at(DAYS + 8, (tx) =>
      createSite(tx, { customer_id: id, name: site, address: `${site}, São Paulo` }),
    );
    customers.push({ customer_id: id, site_id: placed.id });
  }

  let orders = 0;
  for (let day = DAYS; day > 0; day--) {
    for (let nth = 0; nth < ORDERS_PER_DAY; nth++) {
      const basket = pickBasket(random, customers[Math.floor(random() * customers.length)]!, products);
      const daysAgo = day - nth / 10;
      // Every tenth sale starts as a quote, so that the quote screens have a history, too.
      const orderId =
        orders % 10 === 0
          ? await byQuote(at, daysAgo, basket)
          : (await at(daysAgo, (tx) => createOrder(tx, basket))).id;
      for (const to of ['preparing', 'out_for_delivery', 'delivered'] as const) {
        await at(daysAgo - 0.05, (tx) =>
          changeOrderStatus(tx, { orderId, to, reason: null, mayCancel: true, expectedVersion: undefined }),
        );
      }
      orders += 1;
    }
  }
  return orders;
}

type At = <Result>(daysAgo: number, work: (tx: TenantTransaction) => Promise<Result>) => Promise<Result>;

async function byQuote(at: At, daysAgo: number, basket: Basket): Promise<string> {
  const { id: quoteId } = await at(daysAgo + 0.3, (tx) => createQuote(tx, { ...basket, valid_days: VALID_DAYS }));
  await at(daysAgo + 0.2, (tx) => sendQuote(tx, { quoteId }));
  await at(daysAgo + 0.1, (tx) => acceptQuote(tx, { quoteId, acceptedBy: 'Marina Duarte' }));
  const order = await at(daysAgo, (tx) => convertQuote(tx, { quoteId, mayConvertExpired: false }));
  return order.id;
}

function pickBasket(
  random: () => number,
  customer: { customer_id: string; site_id: string },
  products: Map<string, string>,
): Basket {
  const total = DEMO_BASKETS.reduce((sum, basket) => sum + basket.weight, 0);
  let ticket = random() * total;
  const chosen = DEMO_BASKETS.find((basket) => (ticket -= basket.weight) < 0)!;
  return {
    ...customer,
    discount_percent: '0',
    lines: chosen.lines.map(([code, from, to]) => ({
      product_id: products.get(code)!,
      quantity: Decimal.of(BigInt(from + Math.floor(random() * (to - from + 1)))).toText(),
      discount_percent: random() < 0.3 ? '5' : '0',
    })),
  };
}

/** The same seller, some days ago: `app.clock_offset` shifts the database's clock for this transaction alone. */
function scopeAt(store: DemoStore, daysAgo: number): TenantScope {
  const seconds = Math.round(daysAgo * 86_400);
  return {
    tenant: tenantId(store.tenant),
    actor: { id: `user:${store.sellerId}` },
    guard: sql`select set_config('app.clock_offset', ${`-${seconds} seconds`}, true)`,
  };
}

/** mulberry32: small, seeded, good enough to pick baskets. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
