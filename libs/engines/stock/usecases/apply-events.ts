/**
 * Events become facts. A batch is folded in memory and written by one statement per table, in the order of keys, so that
 * batches running side by side cannot wait for each other in a circle.
 *
 * Each fact comes from one aggregate only (description from the product, balance from the stock ledger, sales from
 * orders), and what several aggregates touch is a minimum, a maximum or a sum: the order between them does not matter.
 */
import { type Envelope, isEvent } from '#contracts/event';
import { saleRecorded } from '#contracts/orders/events';
import { priceChanged, productChanged, productCreated } from '#contracts/catalogue/events';
import { stockAdjusted } from '#contracts/stock/events';
import { tenantCreated } from '#contracts/tenancy/events';
import { Decimal, Money } from '#kernel';
import type { Sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import {
  addSales,
  lockTenants,
  markTenantsStale,
  mergeProducts,
  type ProductPatch,
  type Receipt,
  type SaleSlot,
  saveReceipts,
  saveTenants,
  type TenantZone,
} from '../data/facts.js';

const SLOT_MS = 15 * 60_000;

export async function applyEvents(tx: CrossTenantTransaction, events: readonly Envelope[]): Promise<void> {
  const fold = new Fold();
  for (const event of events) fold.take(event);
  const statements: Sql[] = [];
  const { tenants, products, receipts, sales } = fold.facts();
  // Before any row: a refresh of the same tenant holds this lock while it waits for rows.
  if (tenants.length > 0) statements.push(lockTenants(tenants), saveTenants(tenants));
  if (products.length > 0) statements.push(mergeProducts(products));
  if (receipts.length > 0) statements.push(saveReceipts(receipts));
  if (sales.length > 0) statements.push(addSales(sales));
  if (tenants.length > 0) statements.push(markTenantsStale(tenants));
  if (statements.length > 0) await tx.batch(statements);
}

class Fold {
  private readonly tenants = new Map<string, TenantZone>();
  private readonly products = new Map<string, ProductPatch>();
  private readonly receipts = new Map<string, Receipt>();
  private readonly sales = new Map<string, SaleSlot>();

  take(event: Envelope): void {
    const tenant = event.tenantid;
    if (isEvent(event, stockAdjusted)) {
      const { data } = event;
      const product = this.product(event, data.product_id);
      product.on_hand = data.on_hand;
      product.reserved = data.reserved;
      product.first_moved_at = earlier(product.first_moved_at, event.time);
      if (data.kind === 'receive') {
        product.receipts += 1;
        this.receipts.set(`${tenant} ${data.product_id} ${event.time} ${data.movement_id}`, {
          tenant,
          product: data.product_id,
          movement: data.movement_id,
          received_at: event.time,
          quantity: data.on_hand_change,
          unit_cost: data.unit_cost,
        });
      }
    } else if (isEvent(event, saleRecorded)) {
      for (const line of event.data.lines) this.sale(event, event.data.sold_at, event.data.currency, line);
    } else if (isEvent(event, productCreated) || isEvent(event, productChanged)) {
      const { code, name, unit, category, price, currency } = event.data;
      Object.assign(this.product(event, event.data.product_id), { code, name, unit, category, price, currency });
    } else if (isEvent(event, priceChanged)) {
      const { price, currency } = event.data;
      Object.assign(this.product(event, event.data.product_id), { price, currency });
    } else if (isEvent(event, tenantCreated)) {
      this.tenants.set(tenant, { tenant, time_zone: event.data.time_zone });
    }
  }

  facts() {
    return {
      tenants: inKeyOrder(this.tenants),
      products: inKeyOrder(this.products),
      receipts: inKeyOrder(this.receipts),
      sales: inKeyOrder(this.sales),
    };
  }

  private product(event: Envelope, id: string): ProductPatch {
    const key = `${event.tenantid} ${id}`;
    let patch = this.products.get(key);
    if (!patch) {
      patch = {
        tenant: event.tenantid,
        product: id,
        code: null,
        name: null,
        unit: null,
        category: null,
        price: null,
        currency: null,
        on_hand: null,
        reserved: null,
        receipts: 0,
        first_moved_at: null,
        last_sold_at: null,
        news_from: null,
        facts_at: event.time,
      };
      this.products.set(key, patch);
    }
    patch.facts_at = later(patch.facts_at, event.time);
    return patch;
  }

  private sale(
    event: Envelope,
    soldAt: string,
    currency: string,
    line: { product_id: string; base_quantity: string; total: string },
  ): void {
    const product = this.product(event, line.product_id);
    product.first_moved_at = earlier(product.first_moved_at, soldAt);
    product.last_sold_at = later(product.last_sold_at ?? soldAt, soldAt);
    product.news_from = earlier(product.news_from, soldAt);
    const slot = new Date(Math.floor(Date.parse(soldAt) / SLOT_MS) * SLOT_MS).toISOString();
    const key = `${event.tenantid} ${line.product_id} ${slot}`;
    const quantity = Decimal.parse(line.base_quantity);
    const value = Money.fromDecimal(Decimal.parse(line.total), currency).minor;
    const found = this.sales.get(key);
    if (found) {
      found.quantity = found.quantity.plus(quantity);
      found.value_minor += value;
    } else
      this.sales.set(key, { tenant: event.tenantid, product: line.product_id, slot, quantity, value_minor: value });
  }
}

function inKeyOrder<Value>(values: Map<string, Value>): Value[] {
  return [...values.keys()].sort().map((key) => values.get(key)!);
}

/** Instants in one form (UTC, milliseconds) compare as text. */
function earlier(known: string | null, instant: string): string {
  return known !== null && known < instant ? known : instant;
}

function later(known: string, instant: string): string {
  return known > instant ? known : instant;
}
