/** A payment provider from the console to its messages: keys in and never out again, signatures over the very bytes. */
import pg from 'pg';
import Stripe from 'stripe';
import supertest from 'supertest';
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

it('seals the keys, shows who set them up, and tells them to nobody', async () => {
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

it('charges a store to the method named last, until it is removed', async () => {
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

it('stores a message before it answers, once however often it comes', async () => {
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

it('hears providers at the console’s host only', async () => {
  expect((await post(MESSAGE, signed(MESSAGE), 'acme.localhost')).status).toBe(404);
});
