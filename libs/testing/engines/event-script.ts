/**
 * A store's history as the events that its modules would have written, with gapless versions per aggregate and balances
 * that add up. Specs, benchmarks and the quality scores feed engines from it. The same story has the same ids for every
 * tenant.
 */
import type { Envelope, EventContract, EventData } from '#contracts/event';
import { customerCreated } from '#contracts/customers/events';
import { orderCreated, saleRecorded } from '#contracts/orders/events';
import { priceChanged, productCreated } from '#contracts/catalogue/events';
import { quoteSent } from '#contracts/quotes/events';
import { stockAdjusted } from '#contracts/stock/events';
import { tenantCreated } from '#contracts/tenancy/events';
import { Decimal, newId } from '#kernel';
import { Random } from './random.js';

const DAY_MS = 86_400_000;

interface StoryState {
  readonly tenantId: string;
  readonly versions: Map<string, number>;
  readonly prices: Map<string, string>;
  readonly onHand: Map<string, Decimal>;
  ids: number;
}

export interface ProductTraits {
  readonly name?: string;
  readonly unit?: string;
  readonly category?: string | null;
  readonly price?: string;
  readonly at?: Date;
}

export class EventScript {
  readonly events: Envelope[] = [];
  private readonly state: StoryState;

  /** A script that continues another one: same tenant, same counters, its own events. */
  constructor(before?: EventScript) {
    this.state = before?.state ?? {
      tenantId: newId(),
      versions: new Map(),
      prices: new Map(),
      onHand: new Map(),
      ids: 0,
    };
  }

  get tenantId(): string {
    return this.state.tenantId;
  }

  tenant(timeZone = 'America/Sao_Paulo', at = new Date(0)): this {
    return this.emit(tenantCreated, this.tenantId, at, {
      tenant_id: this.tenantId,
      slug: 'story',
      legal_name: 'Story Ltda',
      locale: 'pt-BR',
      time_zone: timeZone,
      currency: 'BRL',
    });
  }

  product(traits: ProductTraits = {}): string {
    const id = this.nextId();
    const {
      name = `Product ${this.state.ids}`,
      unit = 'H87',
      category = null,
      price = '10.00',
      at = new Date(0),
    } = traits;
    this.state.prices.set(id, price);
    this.emit(productCreated, id, at, {
      product_id: id,
      code: `P${this.state.ids}`,
      name,
      unit,
      category,
      price,
      currency: 'BRL',
    });
    return id;
  }

  reprice(product: string, price: string, at: Date): this {
    const previous = this.state.prices.get(product)!;
    this.state.prices.set(product, price);
    return this.emit(priceChanged, product, at, { product_id: product, previous, price, currency: 'BRL' });
  }

  customer(name: string, at = new Date(0)): string {
    const id = this.nextId();
    this.emit(customerCreated, id, at, { customer_id: id, kind: 'company', name });
    return id;
  }

  receive(product: string, quantity: string, at: Date, unitCost: string | null = null): this {
    return this.move(product, 'receive', Decimal.parse(quantity), at, unitCost);
  }

  onHand(product: string): Decimal {
    return this.state.onHand.get(product) ?? Decimal.zero;
  }

  /** An order delivered at once: ordered, taken from stock, recorded as a sale. */
  sell(lines: readonly (readonly [product: string, quantity: string])[], at: Date, customer?: string): this {
    const order = this.nextId();
    const priced = lines.map(([product, quantity]) => {
      const price = this.state.prices.get(product)!;
      const total = Decimal.parse(quantity).times(Decimal.parse(price)).rounded(2).toText(2);
      return {
        product_id: product,
        quantity,
        unit: 'H87',
        base_quantity: quantity,
        unit_price: price,
        discount_percent: '0',
        total,
      };
    });
    const data = {
      order_id: order,
      number: `PED-${this.state.ids}`,
      customer_id: customer ?? order,
      site_id: null,
      seller_id: 'system:story',
      quote_id: null,
      currency: 'BRL',
      total: priced.reduce((sum, line) => sum.plus(Decimal.parse(line.total)), Decimal.zero).toText(2),
      lines: priced,
    };
    this.emit(orderCreated, order, at, data);
    for (const [product, quantity] of lines)
      this.move(product, 'sell', Decimal.parse(quantity).negated(), at, null, order);
    return this.emit(saleRecorded, order, at, { ...data, sold_at: at.toISOString() });
  }

  sendQuote(customer: string, total: string, at: Date, validUntil: Date): string {
    const quote = this.nextId();
    this.emit(quoteSent, quote, at, {
      quote_id: quote,
      number: `COT-${this.state.ids}`,
      revision: 1,
      customer_id: customer,
      site_id: null,
      seller_id: 'system:story',
      currency: 'BRL',
      total,
      valid_until: validUntil.toISOString(),
    });
    return quote;
  }

  /** A few products, customers and months of receipts, sales and price changes, ending at `today`. */
  static random(seed: number, today: Date): EventScript {
    const random = new Random(seed);
    const script = new EventScript();
    script.tenant(random.pick(['America/Sao_Paulo', 'America/Manaus', 'Asia/Kathmandu']));
    const start = new Date(today.getTime() - (20 + random.below(160)) * DAY_MS);
    const products = Array.from({ length: 6 }, (_, index) =>
      script.product({
        unit: random.pick(['H87', 'MTK', 'KGM']),
        category: index % 2 ? 'a' : null,
        price: `${1 + random.below(90)}.${10 + random.below(90)}`,
        at: start,
      }),
    );
    const customers = ['Ana', 'Bruno', 'Clara'].map((name) => script.customer(name, start));
    for (const product of products)
      script.receive(product, String(20 + random.below(200)), start, random.pick([null, '7.25']));
    for (let at = start.getTime(); at < today.getTime(); at += (0.2 + random.next() * 3) * DAY_MS) {
      const moment = new Date(Math.floor(at));
      if (random.next() < 0.05) script.reprice(random.pick(products), `${1 + random.below(90)}.00`, moment);
      if (random.next() < 0.1) script.receive(random.pick(products), String(1 + random.below(60)), moment, '6.50');
      const basket = products.filter(
        (product) => random.next() < 0.35 && script.onHand(product).compare(Decimal.of(5n)) > 0,
      );
      if (basket.length > 0) {
        script.sell(
          basket.map((product) => [product, String(1 + random.below(5))] as const),
          moment,
          random.pick(customers),
        );
      }
      if (random.next() < 0.1)
        script.sendQuote(random.pick(customers), '150.00', moment, new Date(moment.getTime() + 5 * DAY_MS));
    }
    return script;
  }

  private move(
    product: string,
    kind: 'receive' | 'sell',
    change: Decimal,
    at: Date,
    unitCost: string | null,
    order: string | null = null,
  ): this {
    const onHand = this.onHand(product).plus(change);
    if (onHand.isNegative) throw new RangeError('the story sells what the store does not have');
    this.state.onHand.set(product, onHand);
    return this.emit(stockAdjusted, product, at, {
      product_id: product,
      movement_id: this.nextId(),
      kind,
      on_hand_change: change.toText(),
      reserved_change: '0',
      on_hand: onHand.toText(),
      reserved: '0',
      unit_cost: unitCost,
      order_id: order,
    });
  }

  private emit<Contract extends EventContract>(
    contract: Contract,
    aggregate: string,
    at: Date,
    data: EventData<Contract>,
  ): this {
    const subject = `${contract.aggregate}/${aggregate}`;
    const version = (this.state.versions.get(subject) ?? 0) + 1;
    this.state.versions.set(subject, version);
    this.events.push({
      specversion: '1.0',
      id: newId(),
      source: 'basecommerce/story',
      type: contract.type,
      subject,
      time: at.toISOString(),
      datacontenttype: 'application/json',
      dataschema: `${contract.type}/v${contract.version}`,
      tenantid: this.tenantId,
      aggregateversion: version,
      actor: 'system:story',
      data,
    });
    return this;
  }

  private nextId(): string {
    this.state.ids += 1;
    return `01931b6e-3c00-7a00-8000-${this.state.ids.toString(16).padStart(12, '0')}`;
  }
}

/** Another order of delivery, cut into batches: aggregates mixed at random, each still in its own order. */
export function interleave(events: readonly Envelope[], seed: number): Envelope[][] {
  const random = new Random(seed);
  const queues = new Map<string, Envelope[]>();
  for (const event of events) {
    const queue = queues.get(event.subject);
    if (queue) queue.push(event);
    else queues.set(event.subject, [event]);
  }
  const waiting = [...queues.values()].map((queue) => ({ queue, next: 0 }));
  const batches: Envelope[][] = [[]];
  while (waiting.length > 0) {
    const index = random.below(waiting.length);
    const source = waiting[index]!;
    batches.at(-1)!.push(source.queue[source.next]!);
    source.next += 1;
    if (source.next === source.queue.length) {
      waiting[index] = waiting.at(-1)!;
      waiting.pop();
    }
    if (random.next() < 0.05) batches.push([]);
  }
  return batches.filter((batch) => batch.length > 0);
}
