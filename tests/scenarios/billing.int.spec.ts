/**
 * A bill from the plan to the payment: the operator uses the console's server, the store its own, and the passes run as
 * cron runs them. A subscription begins today and is then moved to the past, so that its first period has ended.
 */
import pg from 'pg';
import supertest from 'supertest';
import type { Envelope } from '#contracts/event';
import { BILLING_PASSES, billingEngine } from '#engines/billing/worker';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { parseCommandLine, printed } from '#platform/command';
import { handledOperations } from '#platform/http';
import type { PassEvent } from '#platform/inbox';
import { type Answer, type Caller, startSystem, type System } from './system.js';

let system: System;
let engines: CrossTenantDatabase;
/** The migrations' login, the only one that can move times to the past. */
let owner: pg.Pool;
let desk: Caller;
let acme: Caller;

const DAYS_BACK = 40;
const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);
const because = { reason: 'scenario' };

beforeAll(async () => {
  system = await startSystem();
  engines = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_engines',
    application: 'billing-scenario',
  });
  owner = new pg.Pool({ connectionString: system.database.url, max: 1 });
  desk = system.operator();
  acme = await system.as('acme', 'owner');
  for (const slug of ['acme', 'bolt'] as const) {
    const data = {
      tenant_id: system.tenants[slug],
      slug,
      legal_name: slug,
      locale: 'pt-BR',
      time_zone: 'America/Sao_Paulo',
      currency: 'BRL',
    };
    await hear([event(slug, 'tenant.created', `tenant/${system.tenants[slug]}`, data, new Date())]);
  }
});
afterAll(async () => {
  await owner.end();
  await engines.close();
  await system.stop();
});

type Store = 'acme' | 'bolt';

function event(store: Store, type: string, subject: string, data: object, at: Date): Envelope {
  return {
    specversion: '1.0',
    id: newId(),
    source: '/vertical',
    type,
    subject,
    time: at.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `${type}.v1`,
    tenantid: system.tenants[store],
    aggregateversion: 1,
    actor: 'system:test',
    data,
  } as unknown as Envelope;
}

const hear = (events: readonly Envelope[]) => engines.transaction((tx) => billingEngine.apply(tx, events));

async function run(name: string): Promise<PassEvent[]> {
  const pass = BILLING_PASSES.find((one) => one.name === name)!;
  const options = { asOf: undefined, tenant: undefined, isDryRun: false, isReplayForced: false };
  const events: PassEvent[] = [];
  for await (const progress of pass.run({ database: engines, settings: {} as never, ...options }))
    events.push(progress);
  expect(events.filter(({ kind }) => kind === 'parked' || kind === 'busy')).toEqual([]);
  return events;
}

/** Makes plan and store through the console, with a subscription that began forty days ago. */
async function begin(store: Store, plan: string): Promise<void> {
  await done(desk.post(`/operator/v1/subscriptions/${store}/start`, { plan, ...because }), 201);
  const tenant = system.tenants[store];
  await owner.query(
    `update billing_subscriptions set anchor_on = anchor_on - $2::int, started_at = started_at - $2 * interval '1 day',
                                      due_at = due_at - $2 * interval '1 day' where tenant_id = $1`,
    [tenant, DAYS_BACK],
  );
  // The whole first day, so that the plan covers the complete period.
  await owner.query(
    `update billing_plan_assignments set from_at = date_trunc('day', from_at) - ($2 + 1) * interval '1 day' where tenant_id = $1`,
    [tenant, DAYS_BACK],
  );
}

async function use(store: Store, orders: number, at: Date): Promise<void> {
  const tenant = system.tenants[store];
  await owner.query(
    `insert into billing_usage_events (tenant_id, transaction_id, meter, occurred_at, received_at, subject, quantity, payload_hash)
     select $1, u.id, 'orders', $3, $3, 'order/' || u.id, 1, '\\x00' from unnest($2::uuid[]) as u(id)`,
    [tenant, Array.from({ length: orders }, () => newId()), at],
  );
}

async function done(asked: Promise<Answer>, status = 200): Promise<Answer['body']> {
  const answer = await asked;
  expect([answer.status, answer.body]).toEqual([status, expect.anything()]);
  return answer.body;
}

const refused = async (asked: Promise<Answer>) => {
  const { status, body } = await asked;
  return [status, body.code];
};

const offer = (code: string, more: object = {}) =>
  done(
    desk.post('/operator/v1/plans', {
      code,
      base_price: '199.00',
      review_hours: 0,
      meters: ['orders=10@0.50'],
      ...because,
      ...more,
    }),
    201,
  );

const eventsOf = async (store: Store, type: string) =>
  (await done(desk.get(`/operator/v1/events?tenant=${system.tenants[store]}&type=${type}`))).data.length as number;

describe('a bill', () => {
  it('shows the highest possible bill when a plan version is published, and keeps earlier versions', async () => {
    expect(await offer('standard')).toMatchObject({
      version: 1,
      base_price: '199.00',
      ceiling: '200.50',
      meters: [{ meter: 'orders', included: 10, soft: 12, hard: 15, unit_price: '0.50', billable_from: 'soft' }],
    });
    expect(await offer('standard', { base_price: '249.00' })).toMatchObject({ version: 2, ceiling: '250.50' });
    expect(await refused(desk.post('/operator/v1/plans', { code: 'x', base_price: '1.005', ...because }))).toEqual([
      422,
      'invalid_amount',
    ]);
    const listed = await done(desk.get('/operator/v1/plans'));
    expect(listed.data).toMatchObject([{ code: 'standard', version: 2, tenants: 0 }]);
  });

  it('is empty for a store without a plan, and only its owner and its finance may read it', async () => {
    expect(await done(acme.get('/billing'))).toMatchObject({ plan: null, usage: [], access: { state: 'active' } });
    expect((await (await system.as('acme', 'finance')).get('/billing')).status).toBe(200);
    expect(await refused((await system.as('acme', 'seller')).get('/billing'))).toEqual([403, 'forbidden']);
  });

  it('starts once, on the chosen version', async () => {
    const start = '/operator/v1/subscriptions/acme/start';
    expect(await refused(desk.post(start, { plan: 'gold', ...because }))).toEqual([404, 'plan_not_found']);
    expect(await refused(desk.post(start, { plan: 'standard', anchor: '2099-01-01', ...because }))).toEqual([
      422,
      'anchor_out_of_range',
    ]);
    const rehearsed = await desk.post(start, { plan: 'standard', version: 1, ...because }, { 'x-dry-run': 'true' });
    expect(rehearsed.body.plan).toMatchObject({ code: 'standard', version: 1 });
    await offer('first', { code: 'first' });
    await begin('acme', 'first');
    expect(await refused(desk.post(start, { plan: 'standard', ...because }))).toEqual([409, 'subscription_exists']);
    expect(await eventsOf('acme', 'account.entitlements_changed')).toBe(1);
    const shown = await done(desk.get('/operator/v1/plans/first'));
    expect(shown.versions).toMatchObject([{ version: 1, tenants: [{ slug: 'acme' }] }]);
  });

  it('shows the store its usage, the forecast, and the next invoice', async () => {
    await use('acme', 14, daysAgo(20));
    await run('billing-overage');
    await use('acme', 11, daysAgo(0));
    const billing = await done(acme.get('/billing'));
    expect(billing).toMatchObject({
      currency: 'BRL',
      plan: { code: 'first', base_price: '199.00' },
      next_invoice: { total_so_far: '199.00', ceiling: '200.50' },
      usage: [{ meter: 'orders', used: 11, included: 10, expected: 15 }],
    });
    const plan = { limited_by: 'plan' };
    expect(billing.usage[0].thresholds).toEqual([
      { ...plan, percent: 100, units: 10, effect: 'none', is_reached: true, on: null },
      {
        ...plan,
        percent: 120,
        units: 12,
        effect: 'billed',
        is_reached: false,
        on: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      },
      { ...plan, percent: 150, units: 15, effect: 'refused', is_reached: false, on: expect.any(String) },
    ]);
    expect(Date.parse(billing.usage[0].thresholds[2].on)).toBeGreaterThan(Date.now());
  });

  it('shows the store’s own lower cap in the forecast as soon as billing has consumed it, and no longer after its removal', async () => {
    const hearOfCaps = async () => {
      const { rows } = await owner.query<{ envelope: string }>(
        `select app.event_envelope(o) as envelope from outbox_events o where type = 'usage.cap_changed' order by seq`,
      );
      await hear(rows.map(({ envelope }) => JSON.parse(envelope) as Envelope));
    };
    await done(acme.put('/usage/caps/orders', { cap: 13 }));
    expect((await done(acme.get('/billing'))).usage[0].own_cap).toBeNull();
    await hearOfCaps();
    const [usage] = (await done(acme.get('/billing'))).usage;
    expect(usage).toMatchObject({
      expected: 13,
      own_cap: { cap: 13, set_by: expect.stringMatching(/^user:/), set_at: expect.any(String) },
      thresholds: [
        { percent: 100, limited_by: 'plan', is_reached: true },
        { percent: 120, limited_by: 'plan', on: expect.any(String) },
        {
          percent: 130,
          units: 13,
          limited_by: 'own_cap',
          effect: 'refused',
          is_reached: false,
          on: expect.any(String),
        },
        { percent: 150, limited_by: 'plan', effect: 'refused', on: null },
      ],
    });
    expect(Date.parse(usage.thresholds[2].on)).toBeGreaterThan(Date.now());
    expect((await done(desk.get('/operator/v1/usage/acme'))).usage).toEqual([usage]);
    await done(acme.delete('/usage/caps/orders'));
    await hearOfCaps();
    expect((await done(acme.get('/billing'))).usage[0]).toMatchObject({ own_cap: null, expected: 15 });
  });

  it('is invoiced by the pass, visible to its store, and explained down to the events', async () => {
    const { data } = await done(acme.get('/invoices'));
    expect(data).toMatchObject([{ number: 1, status: 'issued', total: '200.00', owed: '200.00', paid: '0.00' }]);
    const own = await done(acme.get(`/invoices/${data[0].id}`));
    expect(own.lines).toMatchObject([
      { kind: 'base', plan: 'first', amount: '199.00' },
      { kind: 'overage', meter: 'orders', quantity: '2', unit_price: '0.50', amount: '1.00' },
    ]);
    const explained = await done(desk.get(`/operator/v1/invoices/${data[0].id}/explain?events=3`));
    expect(explained).toMatchObject({ tenant: 'acme', is_reproduced: true });
    expect(explained.lines[1].usage).toMatchObject({
      used: '14',
      included: '10',
      soft_limit: '12',
      hard_limit: '15',
      billed_units: '2',
      exact_amount: '1.00',
      rounding: '0.00',
      events_in_all: 14,
      events: [{ quantity: '1' }, {}, {}],
    });
    expect(explained.reckoning.join('\n')).toContain('used 14');
    const text = printed(explained);
    expect(text).toMatch(/^total +200\.00$/m);
    expect(text).toMatch(/^ {2}.*used 14 \(14 events, summed\)$/m);
  });

  it('is printed for both, and for no other', async () => {
    const id = (await done(acme.get('/invoices'))).data[0].id as string;
    const bolt = await system.as('bolt', 'owner');
    expect(await refused(bolt.get(`/invoices/${id}/pdf`))).toEqual([404, 'invoice_not_found']);
    expect(await refused(bolt.get(`/invoices/${id}`))).toEqual([404, 'invoice_not_found']);
    for (const [host, path, token] of [
      ['acme.localhost', '/api/v1', acme.token],
      ['console.localhost', '/operator/v1', desk.token],
    ]) {
      const file = await supertest(system.app.getHttpServer())
        .get(`${path}/invoices/${id}/pdf`)
        .set({ host: host!, authorization: `Bearer ${token}` });
      expect([file.status, file.headers['content-type']]).toEqual([200, 'application/pdf']);
      expect((file.body as Buffer).subarray(0, 5).toString()).toBe('%PDF-');
    }
  });

  it('is settled by a payment, which counts once even if it is recorded several times', async () => {
    const id = (await done(acme.get('/invoices'))).data[0].id as string;
    const path = `/operator/v1/invoices/${id}/payments`;
    const payment = { amount: '200.00', means: 'pix', reference: 'E2E-1', ...because };
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString();
    expect(await refused(desk.post(path, { ...payment, at: tomorrow }))).toEqual([422, 'payment_in_the_future']);
    expect(await done(desk.post(path, payment))).toMatchObject({ status: 'paid', owed: '0.00', paid: '200.00' });
    expect(await done(desk.post(path, payment))).toMatchObject({ payments: [{ kind: 'payment', amount: '200.00' }] });
    expect(await refused(desk.post(path, { ...payment, amount: '10.00' }))).toEqual([409, 'payment_reference_taken']);
    expect((await done(acme.get('/payments'))).data).toMatchObject([{ amount: '200.00', means: 'pix' }]);
    expect((await done(desk.get('/operator/v1/payments?tenant=acme'))).data).toMatchObject([
      { tenant: 'acme', provider: 'manual', reference: 'E2E-1', reason: 'scenario' },
    ]);
    expect(await eventsOf('acme', 'account.invoice_settled')).toBe(1);
  });

  it('is credited in part: the paid amount counts towards the next one', async () => {
    const id = (await done(acme.get('/invoices'))).data[0].id as string;
    const path = `/operator/v1/invoices/${id}`;
    expect(await done(desk.post(`${path}/credit`, { amount: '20.00', ...because }))).toMatchObject({
      status: 'paid',
      credited: '20.00',
      paid: '180.00',
      owed: '0.00',
      credit_notes: [{ number: 1, kind: 'credit', amount: '20.00' }],
    });
    expect(await refused(desk.post(`${path}/credit`, { amount: '180.01', ...because }))).toEqual([
      422,
      'credit_exceeds_invoice',
    ]);
    const shown = await done(desk.get('/operator/v1/subscriptions/acme'));
    expect(shown).toMatchObject({ surplus: '20.00', next_invoice: { total_so_far: '179.00' } });
    expect(await refused(desk.post(`${path}/write-off`, because))).toEqual([409, 'nothing_owed']);
    const refund = { amount: '200.01', means: 'pix', reference: 'R-1', ...because };
    expect(await refused(desk.post(`${path}/refunds`, refund))).toEqual([422, 'refund_exceeds_payments']);
    // The overpaid amount goes back first; only the rest is owed again. A repeated refund counts once.
    for (let attempt = 0; attempt < 2; attempt++)
      expect(await done(desk.post(`${path}/refunds`, { ...refund, amount: '100.00' }))).toMatchObject({
        status: 'issued',
        owed: '80.00',
      });
    expect((await done(desk.get('/operator/v1/subscriptions/acme'))).surplus).toBe('0.00');
    expect(await done(desk.post(`${path}/write-off`, because))).toMatchObject({
      status: 'uncollectible',
      owed: '0.00',
    });
    const [ledger] = (
      await owner.query(`select sum(amount_minor)::text as sum, count(*)::int as entries from billing_ledger_entries`)
    ).rows;
    expect(ledger).toMatchObject({ sum: '0' });
  });

  it('returns the overpaid amount, in part and completely, once for each reference, with its reason on record', async () => {
    const id = (await done(acme.get('/invoices'))).data[0].id as string;
    const path = '/operator/v1/billing/accounts/acme/refund-surplus';
    const back = { means: 'pix', reference: 'S-1', amount: '30.00', ...because };
    expect(await refused(desk.post(path, back))).toEqual([409, 'nothing_overpaid']);
    const pay = { amount: '150.00', means: 'pix', reference: 'E2E-9', ...because };
    expect(await done(desk.post(`/operator/v1/invoices/${id}/payments`, pay))).toMatchObject({
      status: 'paid',
      owed: '0.00',
    });
    const overpaid = async () => (await done(desk.get('/operator/v1/subscriptions/acme'))).surplus;
    expect(await overpaid()).toBe('70.00');
    expect(await refused(desk.post(path, { ...back, amount: '70.01' }))).toEqual([422, 'refund_exceeds_surplus']);
    expect(await refused(desk.post(path, { ...back, amount: '0' }))).toEqual([422, 'invalid_amount']);
    expect(await done(desk.post(path, back, { 'x-dry-run': 'true' }))).toMatchObject({ surplus: '40.00' });
    expect(await overpaid()).toBe('70.00');
    for (let attempt = 0; attempt < 2; attempt++)
      expect(await done(desk.post(path, back))).toMatchObject({ tenant: 'acme', surplus: '40.00', currency: 'BRL' });
    expect(await refused(desk.post(path, { ...back, amount: '29.00' }))).toEqual([409, 'payment_reference_taken']);
    expect(await done(desk.post(path, { means: 'transfer', reference: 'S-2', ...because }))).toMatchObject({
      surplus: '0.00',
    });
    expect((await done(acme.get(`/invoices/${id}`))).owed).toBe('0.00');
    const kinds = (await done(acme.get('/payments'))).data.map(({ kind, amount }: { kind: string; amount: string }) => [
      kind,
      amount,
    ]);
    expect(kinds.slice(0, 2)).toEqual([
      ['surplus_refund', '40.00'],
      ['surplus_refund', '30.00'],
    ]);
    const { rows } = await owner.query(
      `select coalesce(sum(amount_minor), 0)::int as surplus, (select surplus_minor::int from billing_accounts where tenant_id = $1) as kept
         from billing_ledger_entries where tenant_id = $1 and account = 'surplus'`,
      [system.tenants.acme],
    );
    expect(rows).toEqual([{ surplus: 0, kept: 0 }]);
    const { data: acts } = await done(desk.get('/operator/v1/audit?tenant=acme'));
    expect(acts.filter(({ action }: { action: string }) => action === 'surplus.refund')).toHaveLength(3);
  });

  it('is on record: the runs, the months, and every operator’s change with its reason', async () => {
    const { data: runs } = await done(desk.get('/operator/v1/billing/runs?pass=billing-overage'));
    expect(runs).toMatchObject([{ pass: 'billing-overage', counts: { tenants: 1, invoices: 1, parked: 0 } }]);
    const { data: months } = await done(desk.get('/operator/v1/billing/months?months=2'));
    expect(months).toMatchObject([
      { currency: 'BRL', invoices: 1, total: '200.00', difference: '200.00' },
      { invoices: 0, total: '0.00', difference: '0.00' },
    ]);
    const { data: acts } = await done(desk.get('/operator/v1/audit?tenant=acme'));
    const actions = acts.map(({ action, reason }: { action: string; reason: string }) => [action, reason]);
    for (const action of [
      'subscription.start',
      'payment.record',
      'invoice.credit',
      'refund.record',
      'invoice.write_off',
    ])
      expect(actions).toContainEqual([action, 'scenario']);
  });
});

describe('another plan', () => {
  const path = '/operator/v1/subscriptions/acme';

  it('applies at once or from the next period, and the latest choice counts', async () => {
    expect(await refused(desk.post(`${path}/change-plan`, { plan: 'first', ...because }))).toEqual([
      409,
      'plan_unchanged',
    ]);
    await offer('dollars', { currency: 'USD' });
    await offer('yearly', { interval: 'year' });
    expect(await refused(desk.post(`${path}/change-plan`, { plan: 'dollars', ...because }))).toEqual([
      409,
      'plan_currency_differs',
    ]);
    expect(await refused(desk.post(`${path}/change-plan`, { plan: 'yearly', ...because }))).toEqual([
      409,
      'plan_interval_differs',
    ]);
    const later = await done(desk.post(`${path}/change-plan`, { plan: 'standard', at: 'period-end', ...because }));
    expect(later.plan).toMatchObject({
      code: 'first',
      follows: { code: 'standard', from: later.current_period.ends_at },
    });
    const now = await done(desk.post(`${path}/change-plan`, { plan: 'standard', version: 1, ...because }));
    expect(now.plan).toMatchObject({ code: 'standard', version: 1, follows: null });
    expect(await eventsOf('acme', 'account.entitlements_changed')).toBe(4);
  });

  it('ends with the period, unless the cancellation is withdrawn', async () => {
    const cancelled = await done(desk.post(`${path}/cancel`, because));
    expect(cancelled.cancel_at).not.toBeNull();
    expect((await done(acme.get('/billing'))).ends_at).toBe(cancelled.current_period.ends_at);
    expect(await refused(desk.post(`${path}/cancel`, because))).toEqual([409, 'subscription_cancelled']);
    expect(await refused(desk.post(`${path}/change-plan`, { plan: 'first', ...because }))).toEqual([
      409,
      'subscription_cancelled',
    ]);
    expect((await done(desk.post(`${path}/resume`, because))).cancel_at).toBeNull();
    expect(await refused(desk.post(`${path}/resume`, because))).toEqual([409, 'nothing_to_resume']);
    expect((await done(acme.get('/billing'))).ends_at).toBeNull();
  });
});

describe('a store that does not pay', () => {
  const access = '/operator/v1/billing/accounts/bolt';
  let bolt: Caller;

  beforeAll(async () => {
    bolt = await system.as('bolt', 'owner');
    await begin('bolt', 'first');
    await run('billing-overage');
  });

  it('is warned with a deadline, which the operator may only move later', async () => {
    expect(await refused(desk.post(`${access}/extend`, { until: '2099-01-01', ...because }))).toEqual([
      409,
      'nothing_to_extend',
    ]);
    await run('billing-grace');
    const { access: standing } = await done(bolt.get('/billing'));
    expect(standing).toMatchObject({ state: 'grace', past_due: '199.00', holds: [] });
    const soon = new Date(Date.parse(standing.grace_ends_at) - DAY_MS).toISOString();
    expect(await refused(desk.post(`${access}/extend`, { until: soon, ...because }))).toEqual([
      422,
      'extension_not_later',
    ]);
    const until = new Date(Date.parse(standing.grace_ends_at) + DAY_MS).toISOString();
    expect((await done(desk.post(`${access}/extend`, { until, ...because }))).grace_ends_at).toBe(until);
  });

  it('is suspended after its grace, still sees its bill, and gets its access back in the transaction of its payment', async () => {
    await owner.query(
      `update billing_access_episodes set notice_at = notice_at - interval '9 days', extended_until = null where tenant_id = $1`,
      [system.tenants.bolt],
    );
    await owner.query(`update billing_notices set handed_over_at = recorded_at where tenant_id = $1`, [
      system.tenants.bolt,
    ]);
    expect(await refused(desk.post(`${access}/confirm-closing`, because))).toEqual([409, 'nothing_to_close']);
    await run('billing-grace');
    expect((await done(bolt.get('/billing'))).access).toMatchObject({ state: 'suspended', holds: ['billing'] });
    expect(await done(desk.post(`${access}/confirm-closing`, because))).toMatchObject({ state: 'suspended' });
    const [invoice] = (await done(bolt.get('/invoices'))).data;
    const before = await eventsOf('bolt', 'account.access_changed');
    const payment = { amount: '199.00', means: 'transfer', reference: 'TED-1', ...because };
    const pay = (headers: Record<string, string> = {}) =>
      desk.post(`/operator/v1/invoices/${invoice.id}/payments`, payment, headers);
    await done(pay({ 'x-dry-run': 'true' }));
    expect((await done(bolt.get('/billing'))).access.state).toBe('suspended');
    await done(pay());
    expect((await done(bolt.get('/billing'))).access).toMatchObject({ state: 'active', holds: [], past_due: '0.00' });
    expect(await eventsOf('bolt', 'account.access_changed')).toBe(before + 1);
  });

  it('stays held by a person in spite of payments, and is released by name', async () => {
    expect((await done(desk.post(`${access}/hold`, { cause: 'fraud', ...because }))).holds).toEqual(['fraud']);
    expect(await refused(desk.post(`${access}/hold`, { cause: 'fraud', ...because }))).toEqual([409, 'hold_exists']);
    expect(await refused(desk.post(`${access}/unhold`, { cause: 'admin', ...because }))).toEqual([
      404,
      'hold_not_found',
    ]);
    expect((await done(desk.post(`${access}/unhold`, { cause: 'fraud', ...because }))).holds).toEqual([]);
  });

  it('is skipped by a pass that failed on it until a person releases it', async () => {
    await owner.query(
      `insert into billing_parked (tenant_id, pass, reason, since) values ($1, 'billing-overage', 'broken', now())`,
      [system.tenants.bolt],
    );
    expect((await done(desk.get('/operator/v1/billing/parked'))).data).toMatchObject([
      { tenant: 'bolt', pass: 'billing-overage', reason: 'broken' },
    ]);
    expect((await done(desk.post('/operator/v1/billing/parked/bolt/release', because))).released).toEqual([
      'billing-overage',
    ]);
    expect(await refused(desk.post('/operator/v1/billing/parked/bolt/release', because))).toEqual([404, 'not_parked']);
  });
});

describe('a trial', () => {
  it('limits use from its first day, costs nothing, and ends at a local midnight of the store', async () => {
    await offer('trial', { code: 'trial', trial_days: 14 });
    const { tenant } = await done(
      desk.post('/operator/v1/tenants', {
        slug: 'cinza',
        legal_name: 'Cinza',
        owner_email: 'owner@cinza.test',
        owner_name: 'Owner',
        time_zone: 'America/Manaus',
      }),
      201,
    ).then(({ id }) => ({ tenant: id as string }));
    const data = {
      tenant_id: tenant,
      slug: 'cinza',
      legal_name: 'Cinza',
      locale: 'pt-BR',
      time_zone: 'America/Manaus',
      currency: 'BRL',
    };
    await hear([{ ...event('acme', 'tenant.created', `tenant/${tenant}`, data, new Date()), tenantid: tenant }]);
    const path = '/operator/v1/subscriptions/cinza';
    const started = await done(desk.post(`${path}/start`, { plan: 'trial', ...because }), 201);
    expect(started.access).toMatchObject({
      state: 'trialing',
      trial_ends_at: expect.stringMatching(/T04:00:00\.000Z$/),
    });
    expect(Date.parse(started.access.trial_ends_at)).toBeGreaterThan(Date.now() + 14 * DAY_MS);
    expect(Number(started.next_invoice.total_so_far)).toBeLessThan(199 / 1.5);
    const emitted = await done(desk.get(`/operator/v1/events?tenant=${tenant}&type=account.entitlements_changed`));
    const shown = await done(desk.get(`/operator/v1/events/${emitted.data[0].id}`));
    expect(shown.envelope.data.periods[0].meters).toEqual([
      { meter: 'orders', included: 10, soft: 12, hard: 15, used: 0 },
    ]);
    expect(Date.parse(shown.envelope.data.periods[0].starts_at)).toBeLessThanOrEqual(Date.now());
    // Another plan replaces the planned one, and the trial continues.
    const changed = await done(desk.post(`${path}/change-plan`, { plan: 'first', ...because }));
    expect(changed).toMatchObject({ plan: { code: 'first' }, access: started.access });
  });
});

describe('the operator’s command', () => {
  const tags = ['Plans', 'Subscriptions', 'Invoices', 'Payments', 'Access'];
  const operations = handledOperations().filter(({ audience, tag }) => audience === 'operator' && tags.includes(tag));

  it('has every operation except the one that returns a file, and the one that providers call', () => {
    expect(operations.length).toBeGreaterThan(25);
    const without = operations.filter(({ command }) => command === undefined).map(({ id }) => id);
    expect(without.sort()).toEqual(['getInvoicePdf', 'hearPaymentProvider']);
  });

  it('publishes a plan and starts a subscription on it', async () => {
    const say = async (words: string) => {
      const parsed = parseCommandLine(operations, words.split(' '));
      if (parsed.kind !== 'run') throw new Error('help');
      const path = Object.entries(parsed.params).reduce(
        (text, [name, value]) => text.replace(`:${name}`, value),
        parsed.operation.path,
      );
      return desk.post(`/operator/v1${path}`, parsed.body ?? {});
    };
    const plan = await say(
      'plans create --code said --base-price 99 --interval month --trial-days 7 --meters orders=100@0.10,api_calls=5000@0.001:included --reason so',
    );
    expect(plan.body).toMatchObject({
      ceiling: '104.50',
      trial_days: 7,
      meters: [
        { meter: 'api_calls', unit_price: '0.001', billable_from: 'included' },
        { meter: 'orders', unit_price: '0.10', billable_from: 'soft' },
      ],
    });
    expect(
      (await say('subscriptions change-plan acme --plan said --version 1 --at period-end --reason so')).body,
    ).toMatchObject({
      plan: { follows: { code: 'said', version: 1 } },
    });
  });
});

describe('an invoice that waits for a person', () => {
  const waiting = async (total: bigint) => {
    const id = newId();
    const tenant = system.tenants.bolt;
    const client = await owner.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query(
        `insert into billing_invoices (tenant_id, id, subscription_id, period_seq, revision, status, currency, total_minor, created_at, doubt)
         select $1, $2, s.id, 0, (select max(revision) + 1 from billing_invoices where tenant_id = $1), 'needs_approval', 'BRL', $3, now(), 'negative_total'
           from billing_subscriptions s where s.tenant_id = $1 returning subscription_id`,
        [tenant, id, total],
      );
      await client.query(
        `insert into billing_invoice_lines (tenant_id, invoice_id, line_no, line_key, kind, meter, phase, quantity, price_micro, amount_minor)
         values ($1, $2, 1, $4, 'adjustment', 'orders', 0, $3::bigint, 1000000, $3::bigint)`,
        [tenant, id, total, id],
      );
      await client.query('commit');
      expect(rows).toHaveLength(1);
    } finally {
      client.release();
    }
    return `/operator/v1/invoices/${id}`;
  };

  it('is hidden from the store, and uses no number when it is rejected', async () => {
    const path = await waiting(4_000n);
    const bolt = await system.as('bolt', 'owner');
    expect((await done(bolt.get('/invoices'))).data).toHaveLength(1);
    const { data } = await done(desk.get('/operator/v1/invoices?status=needs_approval&tenant=bolt'));
    expect(data).toMatchObject([{ doubt: 'negative_total', number: null, total: '40.00', owed: '0.00' }]);
    expect(await refused(desk.post(`${path}/credit`, because))).toEqual([409, 'invoice_not_issued']);
    expect(await done(desk.post(`${path}/reject`, because))).toMatchObject({ status: 'void', number: null });
    expect(await refused(desk.post(`${path}/approve`, because))).toEqual([409, 'invoice_not_waiting']);
  });

  it('is issued with the next number; a negative total is the tenant’s surplus', async () => {
    const issued = await eventsOf('bolt', 'account.invoice_issued');
    expect(await done(desk.post(`${await waiting(4_000n)}/approve`, because))).toMatchObject({
      status: 'issued',
      number: 3,
    });
    expect(await done(desk.post(`${await waiting(-1_500n)}/approve`, because))).toMatchObject({
      status: 'paid',
      number: 4,
      total: '-15.00',
      owed: '0.00',
    });
    expect(await done(desk.post(`${await waiting(0n)}/approve`, because))).toMatchObject({ status: 'paid', number: 5 });
    expect((await done(desk.get('/operator/v1/subscriptions/bolt'))).surplus).toBe('15.00');
    expect(await eventsOf('bolt', 'account.invoice_issued')).toBe(issued + 3);
  });
});

describe('usage that came too late for any pass', () => {
  it('is shown to the operator with its period, meter and arrival time; usage that is still billed is not', async () => {
    const list = async (query = '') => (await done(desk.get(`/operator/v1/billing/unbilled-usage${query}`))).data;
    const tenant = system.tenants.bolt;
    const client = await owner.connect();
    try {
      await client.query('begin');
      // Twenty consecutive months, all invoiced; the sixteenth after the third began on 1 May of the second year.
      const subscription = newId();
      await client.query(
        `insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, ended_at, due_at)
         values ($1, $2, '2024-01-01', 1, '2024-01-01', '2025-09-01', 'infinity')`,
        [tenant, subscription],
      );
      await client.query(
        `insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version, is_invoiced)
         select $1, $2, n, timestamptz '2024-01-01Z' + n * interval '1 month', timestamptz '2024-01-01Z' + (n + 1) * interval '1 month', 'UTC', 't', true
           from generate_series(0, 19) n`,
        [tenant, subscription],
      );
      await client.query(
        `insert into billing_usage_events (tenant_id, transaction_id, meter, occurred_at, received_at, subject, quantity, payload_hash)
         select $1, gen_random_uuid(), 'orders', timestamptz '2024-03-10Z', r, 'o', 2, '\\x00'
           from unnest($2::timestamptz[]) r`,
        [tenant, ['2024-03-10Z', '2025-06-30T23:59:59Z', '2025-07-01Z', '2025-08-02Z']],
      );
      await client.query('commit');
    } finally {
      client.release();
    }
    const expected = {
      tenant: 'bolt',
      period: { seq: 2, starts_at: '2024-03-01T00:00:00.000Z' },
      meter: 'orders',
      events: 2,
      quantity: '4',
      received_first_at: '2025-07-01T00:00:00.000Z',
      received_last_at: '2025-08-02T00:00:00.000Z',
    };
    expect(await list()).toMatchObject([expected]);
    expect(await list('?tenant=bolt')).toMatchObject([expected]);
    expect(await list('?tenant=acme')).toEqual([]);
  });
});
