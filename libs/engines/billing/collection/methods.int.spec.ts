/** The card that a store is charged by, for provider events that come late, repeatedly and in any order. */
import fc from 'fast-check';
import pg from 'pg';
import { newId, tenantId } from '#kernel';
import { sql, TenantDatabase } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { sampleSize } from '#testing/sample';
import { StripeStub, WEBHOOK_SECRET } from '#testing/stripe-stub/index';
import type { PaymentProvider } from './providers/port.js';
import { stripeProvider } from './providers/stripe.js';
import { nameMethod, removeMethod } from './usecases/manage-methods.js';
import { openMethodPage, pageQuestion, removeOwnMethod } from './usecases/own-method.js';
import { storeProviderEvent, takeProviderEvents } from './usecases/take-provider-events.js';

let server: TestDatabase;
let owner: pg.Client;
let engines: CrossTenantDatabase;
let operator: CrossTenantDatabase;
let stores: TenantDatabase;
let stub: StripeStub;
let provider: PaymentProvider;

beforeAll(async () => {
  server = await createTestDatabase();
  owner = new pg.Client({ connectionString: server.url });
  await owner.connect();
  const options = { url: server.url, application: 'methods-spec', maxConnections: 2 };
  engines = new CrossTenantDatabase({ ...options, role: 'basecommerce_engines' });
  operator = new CrossTenantDatabase({ ...options, role: 'basecommerce_operator' });
  stores = new TenantDatabase(options);
  stub = await StripeStub.start();
  provider = stripeProvider({ apiKey: 'sk_test_stub', webhookSecret: WEBHOOK_SECRET, endpoint: stub.endpoint });
  await owner.query(`insert into billing_providers (name, sealed_key, sealed_webhook_secret, added_at, added_by)
                     values ('stripe', '\\x00', '\\x00', now(), 'spec')`);
});

afterAll(async () => {
  await stub.stop();
  await Promise.all([engines.close(), operator.close(), stores.close(), owner.end()]);
  await server.drop();
});

async function store(): Promise<string> {
  const tenant = newId();
  await owner.query(
    `insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency) values ($1, $2, 'Store', 'pt-BR', 'UTC', 'BRL')`,
    [tenant, tenant.slice(-12)],
  );
  return tenant;
}

const asStore = (tenant: string) => ({ tenant: tenantId(tenant), actor: { id: 'user:ana' } });
const openPage = async (tenant: string) => {
  const question = await stores.transaction(asStore(tenant), (tx) =>
    pageQuestion(tx, (slug) => `https://${slug}.example.com/billing`),
  );
  return openMethodPage(provider, question, newId());
};
const removeOwn = (tenant: string) => stores.transaction(asStore(tenant), (tx) => removeOwnMethod(tx));

/** Enters a card on the newest page and returns the events that Stripe will send for it, each once. */
function enter(last4: string) {
  const { session, setup, method } = stub.ledger.enterCard({ last4 });
  return {
    method,
    events: [
      { type: 'checkout.session.completed', object: session },
      { type: 'setup_intent.succeeded', object: setup },
      { type: 'payment_method.attached', object: { id: method, object: 'payment_method' } },
    ],
  };
}

type Message = ReturnType<typeof enter>['events'][number];

async function hear(messages: readonly Message[]): Promise<void> {
  const at = new Date();
  for (const { type, object } of messages) {
    const { body, signature } = stub.webhook(`evt_${newId()}`, type, object, at);
    const event = provider.verify(body, signature, at);
    await operator.transaction((tx) => storeProviderEvent(tx, event));
  }
  for await (const taken of takeProviderEvents(engines, provider, 1_000)) if ('error' in taken) throw taken.error;
}

/** The last four digits of the method that is charged, and of every known card. */
async function cards(tenant: string) {
  const rows = await engines.query(sql<{ label: string; is_default: boolean }>`
    select label, is_default and removed_at is null as is_default from billing_payment_methods
     where tenant_id = ${tenant} order by label`);
  return { charged: rows.filter((row) => row.is_default).map(({ label }) => label), known: rows.length };
}

const detach = (method: string): Message => {
  stub.ledger.patch(method, { customer: null });
  return { type: 'payment_method.detached', object: { id: method, object: 'payment_method' } };
};

it('charges the card that was entered, and shows its brand and digits', async () => {
  const tenant = await store();
  await openPage(tenant);
  await hear(enter('4242').events);
  const { rows } = await owner.query(
    `select label, brand, last4, exp_month, exp_year, added_by, provider_ref ~ '^cus_.+/pm_.+$' as is_chargeable
       from billing_payment_methods where tenant_id = $1`,
    [tenant],
  );
  expect(rows).toEqual([
    {
      label: 'Visa 4242',
      brand: 'visa',
      last4: '4242',
      exp_month: 8,
      exp_year: 2029,
      added_by: 'user:ana',
      is_chargeable: true,
    },
  ]);
  expect(await cards(tenant)).toEqual({ charged: ['Visa 4242'], known: 1 });
});

it('uses the same customer at the provider when the store enters another card', async () => {
  const tenant = await store();
  for (const digits of ['0001', '0002']) {
    await openPage(tenant);
    await hear(enter(digits).events);
  }
  const { rows } = await owner.query(
    `select distinct split_part(provider_ref, '/', 1) from billing_payment_methods where tenant_id = $1`,
    [tenant],
  );
  expect(rows).toHaveLength(1);
  expect(await cards(tenant)).toEqual({ charged: ['Visa 0002'], known: 2 });
});

it('follows a card that its bank replaces, and charges no detached card', async () => {
  const tenant = await store();
  await openPage(tenant);
  const { method, events } = enter('4242');
  await hear(events);
  stub.ledger.patch(method, { card: { brand: 'visa', last4: '9999', exp_month: 2, exp_year: 2033 } });
  await hear([{ type: 'payment_method.updated', object: { id: method, object: 'payment_method' } }]);
  expect(await cards(tenant)).toEqual({ charged: ['Visa 9999'], known: 1 });
  await hear([detach(method)]);
  expect(await cards(tenant)).toEqual({ charged: [], known: 1 });
});

it('is not restored by repeated events after the store removed it', async () => {
  const tenant = await store();
  await openPage(tenant);
  const { events } = enter('4242');
  await hear(events);
  expect(await removeOwn(tenant)).toMatchObject({ label: 'Visa 4242' });
  await hear(events);
  expect(await cards(tenant)).toEqual({ charged: [], known: 1 });
  await expect(removeOwn(tenant)).rejects.toMatchObject({ code: 'payment_method_not_found' });
});

it('is not a card whose page was opened before the store removed the charged card', async () => {
  const tenant = await store();
  await openPage(tenant);
  await hear(enter('0002').events);
  await openPage(tenant);
  const early = stub.ledger.pages.at(-1)!;
  await removeOwn(tenant);
  const { session } = stub.ledger.enterCard({ last4: '0001' }, early);
  await hear([{ type: 'checkout.session.completed', object: session }]);
  expect(await cards(tenant)).toEqual({ charged: [], known: 2 });
  await openPage(tenant);
  await hear(enter('0003').events);
  expect(await cards(tenant)).toEqual({ charged: ['Visa 0003'], known: 3 });
});

it('is the one that the operator sets, until a newer one is entered', async () => {
  const tenant = await store();
  const name = (reference: string) =>
    operator.transaction((tx) =>
      nameMethod(tx, 'operator:eva', { tenant, provider: 'stripe', reference, label: reference }),
    );
  await openPage(tenant);
  const { events } = enter('4242');
  await name('cus_1/pm_1');
  await hear(events);
  expect((await cards(tenant)).charged).toEqual(['cus_1/pm_1']);
  await openPage(tenant);
  await hear(enter('0002').events);
  expect((await cards(tenant)).charged).toEqual(['Visa 0002']);
  await operator.transaction((tx) => removeMethod(tx, 'operator:eva', tenant));
  await name('cus_1/pm_1');
  expect((await cards(tenant)).charged).toEqual(['cus_1/pm_1']);
});

it('is not taken from another installation', async () => {
  const tenant = newId();
  await owner.query(
    `insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency) values ($1, 'gone', 'Store', 'pt-BR', 'UTC', 'BRL')`,
    [tenant],
  );
  await openPage(tenant);
  await owner.query(`delete from billing_accounts where tenant_id = $1`, [tenant]);
  await hear(enter('4242').events);
  expect(await cards(tenant)).toEqual({ charged: [], known: 0 });
});

it('cannot be entered where no provider is set up, and the store has no page that reads the keys', async () => {
  const tenant = await store();
  const question = await stores.transaction(asStore(tenant), (tx) => pageQuestion(tx, () => ''));
  await expect(openMethodPage(undefined, question, newId())).rejects.toMatchObject({ code: 'provider_not_set_up' });
  const peek = stores.transaction(asStore(tenant), (tx) => tx.query(sql`select sealed_key from billing_providers`));
  await expect(peek).rejects.toThrow();
});

it('is the same for any order, number and grouping of Stripe’s events', async () => {
  const story = fc.record({
    cards: fc.integer({ min: 1, max: 4 }),
    detached: fc.array(fc.nat({ max: 3 }), { maxLength: 3 }),
    shuffled: fc.infiniteStream(fc.nat()),
    batch: fc.integer({ min: 1, max: 6 }),
    copies: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ cards: count, detached, shuffled, batch, copies }) => {
      const tenant = await store();
      const entered: ReturnType<typeof enter>[] = [];
      for (let card = 0; card < count; card++) {
        await openPage(tenant);
        entered.push(enter(`000${card}`));
      }
      const gone = [...new Set(detached)].filter((card) => card < count);
      const messages = [
        ...entered.flatMap(({ events }) => events),
        ...gone.map((card) => detach(entered[card]!.method)),
      ];
      const deliveries = Array.from({ length: copies }, () => messages)
        .flat()
        .map((message) => ({ message, place: shuffled.next().value }))
        .sort((a, b) => a.place - b.place)
        .map(({ message }) => message);
      for (let from = 0; from < deliveries.length; from += batch) await hear(deliveries.slice(from, from + batch));
      const newest = count - 1;
      expect(await cards(tenant)).toEqual({
        charged: gone.includes(newest) ? [] : [`Visa 000${newest}`],
        known: count,
      });
    }),
    { numRuns: sampleSize(15, 40) },
  );
});
