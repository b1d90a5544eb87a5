import { type TenantId, tenantId } from '#kernel';
import { createCustomer, createSite } from '#modules/customers';
import { createQuote } from '#modules/quotes';
import { TenantDatabase, type TenantTransaction } from '#platform/database';
import { rounds } from '../measure.js';
import { type Figure, perSecond, type Row } from '../row.js';
import { openStores } from '../stores.js';

const ROUNDS = 9;
const TRANSACTIONS = 1_200;
const STORES = 4;
const ASK_PERCENT = 15;

export const outboxCost: Row = {
  name: 'outbox',
  title: 'A quote of three lines: numbered, priced and written in one transaction, four stores at a time',
  async run(stage): Promise<Figure[]> {
    const url = await stage.database('outbox_cost');
    const database = new TenantDatabase({ url, application: 'bench', maxConnections: STORES });
    const stores = (await openStores(url, STORES, 50)).map((store) => tenantId(store.tenant));
    const buyers = await Promise.all(stores.map((tenant) => buyerOf(database, tenant)));
    const quoting = (tell: (tx: TenantTransaction) => TenantTransaction) => async () => {
      const startedAt = performance.now();
      await Promise.all(
        stores.map(async (tenant, index) => {
          for (let nth = 0; nth < TRANSACTIONS / STORES; nth++) {
            await database.transaction(scopeOf(tenant), (tx) =>
              createQuote(tell(tx), termsOf(index + 1, buyers[index]!, nth)),
            );
          }
        }),
      );
      return TRANSACTIONS / ((performance.now() - startedAt) / 1_000);
    };
    const subjects = { withEvent: quoting((tx) => tx), withoutEvent: quoting(withoutOutbox) };
    await subjects.withEvent();
    await subjects.withoutEvent();
    const found = await rounds(ROUNDS, subjects);
    await database.close();
    const cost = (1 / found.ratio('withEvent', 'withoutEvent') - 1) * 100;
    return [
      {
        work: this.title,
        ours: `${perSecond(found.median.withEvent)} with its event`,
        against: `the same without it ${perSecond(found.median.withoutEvent)}`,
        ratio: `${cost.toFixed(1)} %`,
        ask: `≤ ${ASK_PERCENT} %`,
        holds: cost <= ASK_PERCENT,
      },
    ];
  },
};

/**
 * The same transaction, but without the rows that wait for its commit; in this use case these are only the outbox rows.
 */
function withoutOutbox(tx: TenantTransaction): TenantTransaction {
  const silent = () => undefined;
  return new Proxy(tx, {
    get: (target, key) => {
      if (key === 'atCommit' || key === 'signal') return silent;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

async function buyerOf(database: TenantDatabase, tenant: TenantId) {
  return database.transaction(scopeOf(tenant), async (tx) => {
    const customer = await createCustomer(tx, { kind: 'company', name: 'Construtora Horizonte Ltda' });
    const site = await createSite(tx, { customer_id: customer.id, name: 'Aurora', address: 'Rua das Palmeiras, 120' });
    return { customer_id: customer.id, site_id: site.id };
  });
}

function termsOf(store: number, buyer: { customer_id: string; site_id: string }, nth: number) {
  const product = (number: number) =>
    `01931b6e-4000-7000-8000-${(store * 65_536 + 1 + (number % 50)).toString(16).padStart(12, '0')}`;
  return {
    ...buyer,
    discount_percent: '0',
    valid_days: 10,
    lines: [nth, nth + 7, nth + 19].map((number) => ({
      product_id: product(number),
      quantity: '3',
      discount_percent: '0',
    })),
  };
}

function scopeOf(tenant: TenantId) {
  return { tenant, actor: { id: 'system:bench' } };
}
