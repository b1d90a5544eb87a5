/**
 * A payment provider from its set-up in the console to its messages: keys are never returned, and signatures cover the
 * received bytes.
 */
import pg from 'pg';
import Stripe from 'stripe';
import supertest from 'supertest';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { StripeStub } from '#testing/stripe-stub/index';
import { PaymentPages } from '../../libs/engines/billing/collection/providers/configured.js';
import type { PaymentProvider } from '../../libs/engines/billing/collection/providers/port.js';
import { stripeProvider } from '../../libs/engines/billing/collection/providers/stripe.js';
import { takeProviderEvents } from '../../libs/engines/billing/collection/usecases/take-provider-events.js';
import { type Caller, startSystem, type System } from './system.js';

const WEBHOOK_SECRET = 'whsec_scenario_of_the_console';
const API_KEY = 'sk_test_never_shown_to_anybody';
const MESSAGE = JSON.stringify(
  {
    id: 'evt_1',
    object: 'event',
    type: 'payment_intent.succeeded',
    data: { object: { id: 'pi_1', object: 'payment_intent' } },
  },
  null,
  2,
);

let system: System;
let owner: pg.Pool;
let desk: Caller;

beforeAll(async () => {
  system = await startSystem();
  owner = new pg.Pool({ connectionString: system.database.url, max: 1 });
  desk = system.operator();
  await owner.query(
    `insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency) values ($1, 'acme', 'Acme', 'pt-BR', 'UTC', 'BRL')`,
    [system.tenants.acme],
  );
});
afterAll(async () => {
  await owner.end();
  await system.stop();
});

function post(body: string, signature: string | undefined, host = 'console.localhost') {
  return supertest(system.app.getHttpServer())
    .post('/operator/v1/webhooks/stripe')
    .set({ host, 'content-type': 'application/json', ...(signature ? { 'stripe-signature': signature } : {}) })
    .send(body);
}

function signed(payload: string, timestamp = Math.floor(Date.now() / 1_000), secret = WEBHOOK_SECRET): string {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

it('refuses messages, and cards to charge, while no provider is set up', async () => {
  const card = { reference: 'cus_1/pm_1', label: 'Visa 1', reason: 'the owner sent it' };
  const named = await desk.post('/operator/v1/payment-methods/acme', card);
  expect([named.status, (named.body as { code: string }).code]).toEqual([404, 'provider_not_set_up']);
  const answer = await post(MESSAGE, signed(MESSAGE));
  expect([answer.status, (answer.body as { code: string }).code]).toEqual([404, 'provider_not_set_up']);
});

it('encrypts the keys, shows who set them up, and never returns them', async () => {
  const body = { api_key: API_KEY, webhook_secret: WEBHOOK_SECRET, reason: 'the account is open' };
  const answer = await desk.put('/operator/v1/payment-providers/stripe', body);
  expect(answer.status).toBe(200);
  const listed = await desk.get('/operator/v1/payment-providers');
  expect(listed.body).toMatchObject({
    data: [{ name: 'stripe', added_by: expect.stringContaining('operator') as string }],
  });
  const { rows } = await owner.query<{ kept: string }>(
    `select row(p.*)::text || encode(sealed_key, 'escape') || encode(sealed_webhook_secret, 'escape') as kept from billing_providers p`,
  );
  const audit = JSON.stringify((await desk.get('/operator/v1/audit')).body);
  expect(audit).toContain('provider.set_up');
  for (const text of [JSON.stringify(answer.body), JSON.stringify(listed.body), rows[0]!.kept, audit]) {
    expect(text).not.toContain(API_KEY);
    expect(text).not.toContain(WEBHOOK_SECRET);
  }
});

it('charges the last payment method of a store, until it is removed', async () => {
  const name = (reference: string, label: string) =>
    desk.post('/operator/v1/payment-methods/acme', { reference, label, reason: 'the owner sent it' });
  expect((await name('pm_alone', 'no customer')).status).toBe(422);
  for (const [reference, label] of [
    ['cus_1/pm_1', 'Visa 1'],
    ['cus_1/pm_2', 'Visa 2'],
    ['cus_1/pm_1', 'Visa 1 again'],
  ])
    expect((await name(reference!, label!)).body).toMatchObject({ provider: 'stripe', label });
  const kept = async () =>
    (
      await owner.query(
        `select provider_ref, label, is_default, removed_at is not null as is_removed from billing_payment_methods order by 1`,
      )
    ).rows;
  expect(await kept()).toEqual([
    { provider_ref: 'cus_1/pm_1', label: 'Visa 1 again', is_default: true, is_removed: false },
    { provider_ref: 'cus_1/pm_2', label: 'Visa 2', is_default: false, is_removed: false },
  ]);
  const remove = () => desk.post('/operator/v1/payment-methods/acme/remove', { reason: 'asked for' });
  expect((await remove()).body).toMatchObject({ label: 'Visa 1 again' });
  expect((await kept())[0]).toMatchObject({ is_default: false, is_removed: true });
  expect([(await remove()).status, ((await remove()).body as { code: string }).code]).toEqual([
    404,
    'payment_method_not_found',
  ]);
});

it('stores a message before it answers, and a repeated one once', async () => {
  const answers = [];
  for (let nth = 0; nth < 5; nth++) answers.push(await post(MESSAGE, signed(MESSAGE)));
  expect(answers.map(({ status, body }) => [status, (body as { is_new: boolean }).is_new])).toEqual([
    [200, true],
    ...Array.from({ length: 4 }, () => [200, false]),
  ]);
  const { rows } = await owner.query(`select provider, event_id, type, object_id, state from billing_provider_events`);
  expect(rows).toEqual([
    { provider: 'stripe', event_id: 'evt_1', type: 'payment_intent.succeeded', object_id: 'pi_1', state: 'received' },
  ]);
});

it.each([
  ['without a signature', MESSAGE, undefined],
  ['signed with another secret', MESSAGE, signed(MESSAGE, undefined, 'whsec_of_a_stranger')],
  ['changed by a single space', `${MESSAGE} `, signed(MESSAGE)],
  ['six minutes old', MESSAGE, signed(MESSAGE, Math.floor(Date.now() / 1_000) - 360)],
])('refuses a message %s', async (_, body, signature) => {
  const before = await owner.query('select from billing_provider_events');
  const answer = await post(body, signature);
  expect([answer.status, (answer.body as { code: string }).code]).toEqual([401, 'webhook_not_authentic']);
  expect((await owner.query('select from billing_provider_events')).rowCount).toBe(before.rowCount);
});

it('accepts providers’ messages only at the console’s host', async () => {
  expect((await post(MESSAGE, signed(MESSAGE), 'acme.localhost')).status).toBe(404);
});

describe('a store’s own card', () => {
  let stub: StripeStub;
  let provider: PaymentProvider;
  let engines: CrossTenantDatabase;
  let acme: Caller;

  beforeAll(async () => {
    stub = await StripeStub.start();
    provider = stripeProvider({ apiKey: API_KEY, webhookSecret: WEBHOOK_SECRET, endpoint: stub.endpoint });
    engines = new CrossTenantDatabase({ url: system.database.url, role: 'basecommerce_engines', application: 'cards' });
    acme = await system.as('acme', 'owner');
  });
  afterAll(async () => {
    await stub.stop();
    await engines.close();
  });

  const PATH = '/billing/payment-method';
  /** The page belongs to Stripe; the tests' Stripe has another address. */
  const through = (given: () => Promise<PaymentProvider | undefined>) =>
    void (system.app.get(PaymentPages, { strict: false }).provider = given);
  const refused = async (asked: Promise<{ status: number; body: { code: string } }>) => {
    const { status, body } = await asked;
    return [status, body.code];
  };

  it('is entered on a page of the provider, which only the owner and finance may open', async () => {
    through(() => Promise.resolve(provider));
    for (const role of ['seller', 'manager', 'warehouse'] as const)
      expect(await refused((await system.as('acme', role)).post(PATH))).toEqual([403, 'forbidden']);
    expect((await system.visitor('acme.localhost').post(PATH)).status).toBe(401);
    const opened = await (await system.as('acme', 'finance')).post(PATH, { return_path: '/billing?from=card' });
    expect([opened.status, opened.body.url]).toEqual([
      201,
      expect.stringMatching(/^https:\/\/checkout\.stripe\.com\//),
    ]);
    expect(
      stub.ledger.get(new URL(`http://stripe/v1/checkout/sessions/${stub.ledger.pages.at(-1)}`)).body,
    ).toMatchObject({
      success_url: 'https://acme.localhost/billing?from=card',
    });
    for (const return_path of ['https://evil.test', '//evil.test', '/\\evil.test', 'billing'])
      expect((await acme.post(PATH, { return_path })).status).toBe(422);
  });

  it('gets the same page for a request that is repeated with its key', async () => {
    const pages = stub.ledger.pages.length;
    const key = { 'idempotency-key': 'card-1' };
    const [first, again] = [await acme.post(PATH, {}, key), await acme.post(PATH, {}, key)];
    expect(again.body).toEqual(first.body);
    expect(stub.ledger.pages).toHaveLength(pages + 1);
  });

  it('is charged after the provider has reported it, shown without its number, and removed by its store', async () => {
    await acme.post(PATH);
    const { session } = stub.ledger.enterCard({ last4: '4444', exp_month: 3, exp_year: 2031 });
    const { body, signature } = stub.webhook('evt_card', 'checkout.session.completed', session, new Date());
    const message = body.toString();
    const mine = signed(message);
    expect(signature).not.toBe(mine);
    expect((await acme.get('/billing')).body.payment_method).toBeNull();
    for (const isNew of [true, false]) expect((await post(message, mine)).body).toEqual({ is_new: isNew });
    for await (const taken of takeProviderEvents(engines, provider, 10))
      if (taken.event === 'evt_card') expect(taken).toMatchObject({ outcome: 'done' });
    const shown = (await acme.get('/billing')).body.payment_method;
    expect(shown).toEqual({
      provider: 'stripe',
      label: 'Visa 4444',
      card: { brand: 'visa', last4: '4444', expires_on: '2031-03' },
      added_at: expect.any(String),
    });
    expect((await (await system.as('bolt', 'owner')).get('/billing')).body.payment_method).toBeNull();
    expect(await refused((await system.as('bolt', 'owner')).delete(PATH))).toEqual([404, 'payment_method_not_found']);
    expect(await refused((await system.as('acme', 'seller')).delete(PATH))).toEqual([403, 'forbidden']);
    const removed = await acme.delete(PATH);
    expect([removed.status, removed.body]).toEqual([200, { removed: shown }]);
    expect((await acme.get('/billing')).body.payment_method).toBeNull();
    expect(await refused(acme.delete(PATH))).toEqual([404, 'payment_method_not_found']);
  });

  it('can be entered while the store is suspended, but not while the provider is unreachable', async () => {
    await owner.query(
      `insert into tenant_access (tenant_id, state, allows_sign_in, allows_read, allows_export, allows_write, allows_metered)
       values ($1, 'suspended', true, true, true, false, false)`,
      [system.tenants.acme],
    );
    expect(await refused(acme.post('/products', { code: 'A', name: 'A', unit: 'H87', price: '1.00' }))).toEqual([
      402,
      'tenant_suspended',
    ]);
    expect((await acme.post(PATH)).status).toBe(201);
    const key = { 'idempotency-key': 'card-2' };
    stub.isDown = true;
    expect(await refused(acme.post(PATH, {}, key))).toEqual([503, 'payment_provider_unavailable']);
    stub.isDown = false;
    const [pages, opened] = [stub.ledger.pages.length, await acme.post(PATH, {}, key)];
    expect([opened.status, stub.ledger.pages.length]).toEqual([201, pages + 1]);
  });

  it('does not delay other requests while the provider is slow, even with more calls than connections', async () => {
    const narrow = await startSystem({ environment: { DATABASE_POOL: '2' } });
    try {
      const elsewhere = new pg.Client({ connectionString: narrow.database.url });
      await elsewhere.connect();
      await elsewhere.query(
        `insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency) values ($1, 'bolt', 'Bolt', 'pt-BR', 'UTC', 'BRL')`,
        [narrow.tenants.bolt],
      );
      await elsewhere.end();
      const bolt = await narrow.as('bolt', 'owner');
      let release = () => {};
      const slow = new Promise<void>((resolve) => (release = resolve));
      const asked: string[] = [];
      narrow.app.get(PaymentPages, { strict: false }).provider = () =>
        Promise.resolve({
          ...provider,
          setUp: async (request) => {
            asked.push(request.key);
            await slow;
            return provider.setUp(request);
          },
        });
      const key = { 'idempotency-key': 'card-1' };
      const opening = [bolt.post(PATH, {}, key), ...Array.from({ length: 4 }, () => bolt.post(PATH))];
      while (asked.length < 5) await new Promise((resolve) => setTimeout(resolve, 10));
      expect((await bolt.get('/billing')).status).toBe(200);
      expect((await bolt.post('/products', { code: 'A', name: 'A', unit: 'H87', price: '1.00' })).status).toBe(201);
      const again = await bolt.post(PATH, {}, key);
      expect([again.status, again.body.code]).toEqual([409, 'idempotency_key_in_flight']);
      expect(await refused(bolt.post(PATH, { return_path: '/other' }, key))).toEqual([422, 'idempotency_key_reused']);
      release();
      const answers = await Promise.all(opening);
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
      expect((await bolt.post(PATH, {}, key)).body).toEqual(answers[0]!.body);
      expect([asked.length, new Set(asked).size]).toEqual([5, 5]);
    } finally {
      await narrow.stop();
    }
  });

  it('cannot be entered after the provider was removed', async () => {
    through(() => Promise.resolve(undefined));
    expect(await refused(acme.post(PATH))).toEqual([404, 'provider_not_set_up']);
  });
});
