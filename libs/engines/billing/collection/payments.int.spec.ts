/** Payments on a real database against a Stripe with failures: one charge is made, and it is recorded. */
import fc from 'fast-check';
import pg from 'pg';
import { newId } from '#kernel';
import { sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { sampleSize } from '#testing/sample';
import { type Fault, StripeStub, type Verdict, WEBHOOK_SECRET } from '#testing/stripe-stub/index';
import { readAccess } from '../access/data/access.js';
import type { PaymentProvider } from './providers/port.js';
import { stripeProvider } from './providers/stripe.js';
import { chargeDueInvoices, chargeInvoice, planCharge } from './usecases/charge-invoice.js';
import { reconcileAttempts } from './usecases/reconcile-attempts.js';
import { recordFact } from './usecases/record-fact.js';
import { storeProviderEvent, takeProviderEvents } from './usecases/take-provider-events.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SEARCH_LAG_MS = 2 * MINUTE;
const TOTAL = 19_900n;
const SOFT: Verdict = { decline_code: 'insufficient_funds' };
const HARD: Verdict = { decline_code: 'stolen_card' };

let server: TestDatabase;
let owner: pg.Client;
/** One connection, whose clock the tests move. */
let engines: CrossTenantDatabase;
let operator: CrossTenantDatabase;
let stub: StripeStub;
let provider: PaymentProvider;
let offsetMs = 0;

beforeAll(async () => {
  server = await createTestDatabase();
  owner = new pg.Client({ connectionString: server.url });
  await owner.connect();
  const options = { url: server.url, application: 'payments-spec', maxConnections: 1 };
  engines = new CrossTenantDatabase({ ...options, role: 'basecommerce_engines' });
  operator = new CrossTenantDatabase({ ...options, role: 'basecommerce_operator' });
  stub = await StripeStub.start({ clock: () => Date.now() + offsetMs, searchLagMs: SEARCH_LAG_MS });
  provider = stripeProvider({
    apiKey: 'sk_test_stub',
    webhookSecret: WEBHOOK_SECRET,
    timeoutMs: 2_000,
    endpoint: stub.endpoint,
  });
  await owner.query(`insert into billing_plan_versions (id, code, version, currency, base_minor, interval_months, minimum_charge_minor, created_at, created_by)
                     values ('${PLAN}', 'standard', 1, 'BRL', ${TOTAL}, 1, 50, now(), 'spec')`);
});

beforeEach(() => {
  stub.fault = () => 'none';
  stub.isDown = false;
  stub.ledger.verdict = () => 'succeeds';
  stub.ledger.smallest = 50;
});

afterAll(async () => {
  await stub.stop();
  await engines.close();
  await operator.close();
  await owner.end();
  await server.drop();
});

describe('charging an invoice', () => {
  it('charges the balance, writes the fact, settles the invoice and keeps the ledger at zero', async () => {
    const { tenant, invoice } = await seedInvoice();
    expect(await charge(tenant, invoice)).toBe('paid');
    expect(stub.ledger.chargesOf(invoice).map(({ body }) => body['amount'])).toEqual([Number(TOTAL)]);
    expect(await booksOf(tenant)).toEqual({
      invoices: ['paid'],
      attempts: ['succeeded'],
      facts: [`payment ${TOTAL}`],
      ledger: [`cash ${TOTAL}`, `receivable ${-TOTAL}`],
    });
    expect(await charge(tenant, invoice)).toBe('not_now');
  });

  it('charges the rest after a partial payment by other means, and nothing once all is paid', async () => {
    const { tenant, invoice } = await seedInvoice();
    await payByHand(tenant, invoice, 9_900n);
    expect(await charge(tenant, invoice)).toBe('paid');
    expect(stub.ledger.chargesOf(invoice).map(({ body }) => body['amount'])).toEqual([10_000]);
    const other = await seedInvoice();
    await payByHand(other.tenant, other.invoice, TOTAL);
    expect(await charge(other.tenant, other.invoice)).toBe('not_now');
  });

  it('waits for the due date, and does nothing without a method at the provider', async () => {
    const early = await seedInvoice({ dueInMs: HOUR });
    expect(await charge(early.tenant, early.invoice)).toBe('not_now');
    const bare = await seedInvoice({ method: null });
    expect(await charge(bare.tenant, bare.invoice)).toBe('not_now');
    const manual = await seedInvoice({ provider: 'manual' });
    expect(await charge(manual.tenant, manual.invoice)).toBe('not_now');
    const plan = await engines.rehearse((tx) => planCharge(tx, provider, bare.tenant, bare.invoice));
    expect(plan.next).toEqual({ act: 'none', because: 'no_method' });
    expect(stub.ledger.chargesOf(early.invoice)).toEqual([]);
  });

  it('does not charge a written-off amount', async () => {
    const { tenant, invoice } = await seedInvoice();
    await owner.query(`update billing_invoices set status = 'uncollectible' where id = '${invoice}'`);
    expect(await charge(tenant, invoice)).toBe('not_now');
  });

  it('records an amount that the provider never takes, does not try it again, and leaves payment to the tenant', async () => {
    for (const [total, currency] of [
      [5_124n, 'KWD'],
      [100_000_000n, 'BRL'],
    ] as const) {
      const calls = stub.requests.length;
      const { tenant, invoice } = await seedInvoice({ total, currency });
      expect(await access(tenant)).toEqual({ pastDue: 0n, inFlight: total });
      expect(await charge(tenant, invoice)).toBe('not_chargeable');
      expect(await charge(tenant, invoice)).toBe('not_now');
      expect((await booksOf(tenant)).attempts).toEqual(['declined not_chargeable']);
      expect(stub.requests).toHaveLength(calls);
      // From here it is a debt like a declined one: the next pass sends a notice, and a payment by hand ends it.
      expect(await access(tenant)).toEqual({ pastDue: total, inFlight: 0n });
      await payByHand(tenant, invoice, total);
      expect(await access(tenant)).toEqual({ pastDue: 0n, inFlight: 0n });
    }
  });

  it('charges the rest once a partial payment makes the amount chargeable', async () => {
    const { tenant, invoice } = await seedInvoice({ total: 5_124n, currency: 'KWD' });
    expect(await charge(tenant, invoice)).toBe('not_chargeable');
    await payByHand(tenant, invoice, 4n);
    expect(await charge(tenant, invoice)).toBe('paid');
    expect(stub.ledger.chargesOf(invoice).map(({ body }) => body['amount'])).toEqual([5_120]);
  });

  it.each([
    ['the plan charges', 49n, 1],
    ['the provider charges', 60n, 100],
  ])('carries on what is less than %s: the invoice is settled, the next one takes it up', async (_, left, smallest) => {
    stub.ledger.smallest = smallest;
    const { tenant, invoice } = await seedInvoice();
    await payByHand(tenant, invoice, TOTAL - left);
    expect(await access(tenant)).toEqual({ pastDue: 0n, inFlight: left });
    expect(await charge(tenant, invoice)).toBe('carried');
    expect(await charge(tenant, invoice)).toBe('not_now');
    expect(stub.ledger.chargesOf(invoice)).toEqual([]);
    expect(await access(tenant)).toEqual({ pastDue: 0n, inFlight: 0n });
    const { attempts, ...books } = await booksOf(tenant);
    expect(attempts).toEqual(smallest === 1 ? [] : ['declined too_small']);
    expect(books).toEqual({
      invoices: ['paid'],
      facts: [`carried ${left}`, `payment ${TOTAL - left}`],
      ledger: [`carried ${left}`, `receivable ${-left}`],
    });
    const { rows } = await owner.query(`select carried_minor from billing_accounts where tenant_id = '${tenant}'`);
    expect(rows).toEqual([{ carried_minor: String(left) }]);
  });

  it('detects an amount that is too small also after a lost answer, and carries it on once', async () => {
    stub.ledger.smallest = 100;
    const { tenant, invoice } = await seedInvoice();
    await payByHand(tenant, invoice, TOTAL - 60n);
    stub.fault = () => 'broken_after';
    expect(await charge(tenant, invoice)).toBe('unknown');
    stub.fault = () => 'none';
    await elapse(SEARCH_LAG_MS);
    expect(await reconcile(tenant)).toEqual(['declined']);
    expect((await booksOf(tenant)).facts).toEqual(['carried 60', `payment ${TOTAL - 60n}`]);
  });

  it('repeats a soft decline on the days of the grace, and a hard decline only with another method', async () => {
    const { tenant, invoice } = await seedInvoice();
    stub.ledger.verdict = () => SOFT;
    expect(await charge(tenant, invoice)).toBe('declined');
    expect(await charge(tenant, invoice)).toBe('not_now');
    await elapse(MINUTE);
    await openGrace(tenant);
    stub.ledger.verdict = () => HARD;
    expect(await charge(tenant, invoice)).toBe('declined');
    await elapse(3 * DAY);
    expect(await charge(tenant, invoice)).toBe('not_now');
    await changeMethod(tenant);
    stub.ledger.verdict = () => 'succeeds';
    expect(await charge(tenant, invoice)).toBe('paid');
    expect((await booksOf(tenant)).attempts).toEqual(['declined soft', 'declined hard', 'succeeded']);
  });

  it('happens once when two passes run at the same time', async () => {
    const passes = new CrossTenantDatabase({
      url: server.url,
      role: 'basecommerce_engines',
      application: 'two-passes',
    });
    try {
      await setClock(0);
      for (let round = 0; round < 10; round++) {
        const { tenant, invoice } = await seedInvoice();
        const outcomes = await Promise.all([1, 2, 3].map(() => chargeInvoice(passes, provider, tenant, invoice)));
        expect(outcomes.sort()).toEqual(['not_now', 'not_now', 'paid']);
        expect(stub.ledger.chargesOf(invoice)).toHaveLength(1);
      }
    } finally {
      await passes.close();
    }
  });

  it('continues with all due invoices after one that cannot be charged', async () => {
    await owner.query(`update billing_invoices set status = 'paid'`);
    const good = [await seedInvoice(), await seedInvoice(), await seedInvoice()];
    const bad = await seedInvoice({ total: 5_124n, currency: 'KWD' });
    const seen = await all(chargeDueInvoices(engines, provider, { limit: 100 }));
    expect(seen).toHaveLength(4);
    for (const { tenant, invoice } of good) expect(seen).toContainEqual({ tenant, invoice, outcome: 'paid' });
    expect(seen).toContainEqual({ ...bad, outcome: 'not_chargeable' });
    expect(await all(chargeDueInvoices(engines, provider, { limit: 100, tenant: good[0]!.tenant }))).toEqual([]);
  });
});

describe('reconciling', () => {
  it.each<[string, Fault, number]>([
    ['lost before the charge', 'broken_before', 0],
    ['lost after it', 'broken_after', 1],
    ['answered with an error after it', 'error_500_after', 1],
    ['whose answer was torn', 'torn', 1],
    ['refused for haste', 'rate_limit', 0],
  ])('finds out about a call %s', async (_, fault, charged) => {
    const { tenant, invoice } = await seedInvoice();
    stub.fault = () => fault;
    expect(await charge(tenant, invoice)).toBe('unknown');
    expect(stub.ledger.chargesOf(invoice)).toHaveLength(charged);
    expect((await booksOf(tenant)).facts).toEqual([]);
    stub.fault = () => 'none';
    await elapse(SEARCH_LAG_MS);
    expect(await reconcile(tenant)).toEqual(['paid']);
    expect(stub.ledger.chargesOf(invoice)).toHaveLength(1);
    expect(await booksOf(tenant)).toMatchObject({ invoices: ['paid'], facts: [`payment ${TOTAL}`] });
    expect(await reconcile(tenant)).toEqual([]);
  });

  it('looks up by the provider’s id a charge that is still processing', async () => {
    const { tenant, invoice } = await seedInvoice();
    stub.ledger.verdict = () => 'processing';
    expect(await charge(tenant, invoice)).toBe('unknown');
    expect(await reconcile(tenant)).toEqual(['unknown processing']);
    stub.ledger.finish(stub.ledger.intents.at(-1)!.id, SOFT);
    expect(await reconcile(tenant)).toEqual(['declined']);
    expect((await booksOf(tenant)).facts).toEqual([]);
  });

  it('decides nothing while the provider is unavailable', async () => {
    const { tenant, invoice } = await seedInvoice();
    stub.isDown = true;
    expect(await charge(tenant, invoice)).toBe('unknown');
    await elapse(40 * DAY);
    expect(await reconcile(tenant)).toEqual(['unknown unavailable']);
    expect(await charge(tenant, invoice)).toBe('not_now');
  });

  it('uses no key that may be forgotten when the call arrives, and gives up only after the search has caught up', async () => {
    const { tenant, invoice } = await seedInvoice();
    stub.isDown = true;
    const sentAt = offsetMs;
    await charge(tenant, invoice);
    stub.isDown = false;
    const at = async (ms: number) => {
      await setClock(sentAt + ms);
      return reconcile(tenant);
    };
    stub.fault = () => 'error_500_before';
    expect(await at(23 * HOUR)).toEqual(['unknown StripeAPIError']);
    const calls = () => stub.requests.filter((request) => request.startsWith('POST')).length;
    const before = calls();
    expect(await at(23.8 * HOUR)).toEqual(['unknown key_expires']);
    // The last call was at 23 hours: six hours later the search must have found it.
    expect(await at(28.9 * HOUR)).toEqual(['unknown search_lag']);
    expect(calls()).toBe(before);
    expect(await at(29.1 * HOUR)).toEqual(['given_up']);
    stub.fault = () => 'none';
    expect(await charge(tenant, invoice)).toBe('paid');
    expect((await booksOf(tenant)).attempts).toEqual(['declined never_arrived', 'succeeded']);
  });

  it('does not treat an answer as newer than its question', async () => {
    const { tenant, invoice } = await seedInvoice();
    stub.fault = () => 'rate_limit';
    await charge(tenant, invoice);
    await elapse(DAY - MINUTE);
    const slow: PaymentProvider = {
      ...provider,
      find: async () => {
        await elapse(2 * MINUTE);
        return { kind: 'not_found', lagMs: DAY };
      },
    };
    // Asked a minute before the search has caught up, answered a minute after.
    const seen = await all(reconcileAttempts(engines, slow, { tenant, limit: 1 }));
    expect(seen).toMatchObject([{ outcome: 'unknown' }]);
    await elapse(MINUTE);
    expect(await all(reconcileAttempts(engines, slow, { tenant, limit: 1 }))).toMatchObject([{ outcome: 'given_up' }]);
  });

  it('continues with the others when one tenant fails', async () => {
    stub.fault = () => 'broken_after';
    const seeded = [await seedInvoice(), await seedInvoice(), await seedInvoice()];
    for (const { tenant, invoice } of seeded) await charge(tenant, invoice);
    stub.fault = () => 'none';
    await elapse(SEARCH_LAG_MS);
    const poisoned = {
      ...provider,
      find: (attempt: Parameters<PaymentProvider['find']>[0]) =>
        attempt.attemptId === broken ? Promise.reject(new Error('a defect')) : provider.find(attempt),
    };
    const { rows } = await owner.query(
      `select id from billing_payment_attempts where tenant_id = '${seeded[0]!.tenant}'`,
    );
    const broken = rows[0].id;
    const seen = await all(reconcileAttempts(engines, poisoned, { limit: 100 }));
    const ours = seen.filter(({ tenant }) => seeded.some((one) => one.tenant === tenant));
    const failed = ours.find((result) => 'error' in result);
    expect(failed).toMatchObject({ attempt: broken, error: { message: 'a defect' } });
    const others = ours.filter((result) => result !== failed);
    expect(others).toMatchObject([{ outcome: 'paid' }, { outcome: 'paid' }]);
    expect(await reconcile(seeded[0]!.tenant)).toEqual(['paid']);
  });
});

describe('while the provider is unavailable', () => {
  it('a run ends early, and the next run finds the rest', async () => {
    await owner.query(`update billing_invoices set status = 'paid';
                       update billing_payment_attempts set state = 'declined', decline = 'soft' where state = 'unknown'`);
    const seeded: { tenant: string; invoice: string }[] = [];
    for (let count = 0; count < 40; count++) seeded.push(await seedInvoice());
    stub.fault = () => 'rate_limit';
    const during = await all(chargeDueInvoices(engines, provider, { limit: 100 }));
    expect(during.every((charged) => 'outcome' in charged && charged.outcome === 'unknown')).toBe(true);
    expect(during.length).toBeGreaterThanOrEqual(12);
    expect(during.length).toBeLessThan(25);
    const asked = during.length;
    const blind: PaymentProvider = { ...provider, find: () => Promise.resolve({ kind: 'unavailable' }) };
    expect((await all(reconcileAttempts(engines, blind, { limit: 5 }))).length).toBe(5);
    expect((await all(reconcileAttempts(engines, blind, { limit: 100 }))).length).toBeLessThanOrEqual(asked);
    stub.fault = () => 'none';
    expect(await all(reconcileAttempts(engines, provider, { limit: 100 }))).toHaveLength(asked);
    expect(await all(chargeDueInvoices(engines, provider, { limit: 100 }))).toHaveLength(40 - asked);
    for (const { invoice } of seeded) expect(stub.ledger.chargesOf(invoice)).toHaveLength(1);
    const { rows } = await owner.query(`select count(*)::int as open from billing_invoices where status = 'issued'`);
    expect(rows).toEqual([{ open: 0 }]);
  });
});

class Crash extends Error {}

/** A process that crashes: each beginning and end of a transaction or a call is a step, and one of them is the last. */
function mortal(steps: number) {
  let left = steps;
  const step = () => {
    if (left-- <= 0) throw new Crash('died');
  };
  const around = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    step();
    const result = await work();
    step();
    return result;
  };
  const database = new Proxy(engines, {
    get: (target, member) =>
      member === 'transaction'
        ? (work: Parameters<CrossTenantDatabase['transaction']>[0]) =>
            // Before BEGIN, before COMMIT, after COMMIT.
            around(() => target.transaction(async (tx) => around(() => work(tx))))
        : Reflect.get(target, member),
  });
  const calls: PaymentProvider = {
    ...provider,
    charge: (request) => around(() => provider.charge(request)),
    find: (attempt) => around(() => provider.find(attempt)),
    fetch: (event) => around(() => provider.fetch(event)),
  };
  return { database, calls };
}

describe('a crash at any moment', () => {
  it('leaves exactly one charge at Stripe and one fact here, after another run', async () => {
    const visits = fc.array(
      fc.record({
        act: fc.constantFrom('charge', 'charge', 'reconcile', 'reconcile', 'event'),
        gap: fc.oneof(
          fc.constantFrom(0, MINUTE, 10 * MINUTE, HOUR, DAY - 15 * MINUTE, DAY - 1, DAY, 2 * DAY),
          fc.integer({ min: 0, max: 60 * HOUR }),
        ),
        steps: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(99)),
        fault: fc.constantFrom<Fault>(
          'none',
          'none',
          'torn',
          'torn',
          'error_500_before',
          'error_500_after',
          'rate_limit',
        ),
        verdict: fc.constantFrom<Verdict>('succeeds', 'succeeds', 'succeeds', SOFT, 'processing'),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const met = { crashes: 0, unknown: 0, givenUp: 0, charged: 0 };
    await fc.assert(
      fc.asyncProperty(visits, async (story) => {
        const { tenant, invoice } = await seedInvoice();
        for (const { act, gap, steps, fault, verdict } of story) {
          await elapse(gap);
          stub.fault = () => fault;
          stub.ledger.verdict = () => verdict;
          const { database, calls } = mortal(steps);
          try {
            if (act === 'charge') await chargeInvoice(database, calls, tenant, invoice);
            else if (act === 'event') await receiveEventOf(invoice, 'payment_intent.succeeded', { database, calls });
            else
              for await (const result of reconcileAttempts(database, calls, { tenant, limit: 10 }))
                if ('error' in result) throw result.error;
          } catch (error) {
            if (!(error instanceof Crash)) throw error;
            met.crashes += 1;
          }
          expect(stub.ledger.chargesOf(invoice).length).toBeLessThanOrEqual(1);
          if ((await booksOf(tenant)).attempts.includes('unknown')) met.unknown += 1;
        }
        // Then Stripe answers again, no process crashes, and processing charges come to an end.
        met.charged += stub.ledger.chargesOf(invoice).length;
        stub.fault = () => 'none';
        stub.ledger.verdict = () => 'succeeds';
        for (const { id, body } of stub.ledger.intents)
          if (body.status === 'processing' && body.metadata['invoice_id'] === invoice)
            stub.ledger.finish(id, 'succeeds');
        for (let quiet = 0; quiet < 4; quiet++) {
          await elapse(36 * HOUR);
          await openGrace(tenant);
          await reconcile(tenant);
          await charge(tenant, invoice);
        }
        const { attempts, facts, invoices } = await booksOf(tenant);
        met.givenUp += attempts.filter((attempt) => attempt === 'declined never_arrived').length;
        expect(stub.ledger.chargesOf(invoice)).toHaveLength(1);
        expect(facts).toEqual([`payment ${TOTAL}`]);
        expect(invoices).toEqual(['paid']);
        expect(attempts.filter((attempt) => attempt === 'succeeded')).toHaveLength(1);
        expect(attempts.filter((attempt) => ['created', 'sent', 'unknown'].includes(attempt))).toEqual([]);
      }),
      { numRuns: sampleSize(30, 150) },
    );
    expect(Math.min(met.crashes, met.unknown, met.givenUp, met.charged)).toBeGreaterThan(0);
  });
});

describe('an event of Stripe', () => {
  it('is stored once, with the received body', async () => {
    const { invoice } = await charged();
    const [message] = messagesOf(invoice);
    expect(await receive(message!)).toBe(true);
    expect(await receive(message!)).toBe(false);
  });

  it('records a payment whose answer was lost', async () => {
    const { tenant, invoice } = await seedInvoice();
    stub.fault = () => 'broken_after';
    expect(await charge(tenant, invoice)).toBe('unknown');
    await receiveEventOf(invoice);
    expect(await booksOf(tenant)).toMatchObject({
      attempts: ['succeeded'],
      facts: [`payment ${TOTAL}`],
      invoices: ['paid'],
    });
    expect(await reconcile(tenant)).toEqual([]);
  });

  it('records a decline whose answer was lost', async () => {
    const { tenant, invoice } = await seedInvoice();
    stub.fault = () => 'broken_after';
    stub.ledger.verdict = () => HARD;
    await charge(tenant, invoice);
    await receiveEventOf(invoice, 'payment_intent.payment_failed');
    expect(await booksOf(tenant)).toMatchObject({ attempts: ['declined hard'], facts: [], invoices: ['issued'] });
  });

  it('delivered five times and in any order gives the same facts', async () => {
    const expected = ['dispute 19900', 'dispute_won 19900', 'payment 19900', 'refund 4000', 'refund 5000'];
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), fc.integer({ min: 1, max: 7 }), async (random, batch) => {
        const { tenant, invoice } = await charged();
        const { id } = stub.ledger.chargesOf(invoice)[0]!;
        stub.ledger.refund(id, 5_000, `re_a_${id}`);
        stub.ledger.refund(id, 4_000, `re_b_${id}`);
        stub.ledger.win(stub.ledger.dispute(id, 19_900, `du_${id}`).id);
        const messages = messagesOf(invoice);
        // Five deliveries of each, as separate events, so that only the keys of the facts prevent duplicates.
        const deliveries = Array.from({ length: 5 }, (_, copy) =>
          messages.map((message) => ({ ...message, copy })),
        ).flat();
        const shuffled = deliveries
          .map((delivery) => ({ delivery, place: random.next().value }))
          .sort((a, b) => a.place - b.place);
        for (const [index, { delivery }] of shuffled.entries()) {
          await receive({ ...delivery, id: `${delivery.id}_${delivery.copy}` });
          if (index % batch === 0) await takeAll();
        }
        await takeAll();
        const { facts, ledger } = await booksOf(tenant);
        expect(facts).toEqual(expected);
        expect(ledger.reduce((sum, entry) => sum + BigInt(entry.split(' ')[1]!), 0n)).toBe(0n);
        expect(await times(tenant)).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });

  it('about a refund or a dispute opens the invoice again, once', async () => {
    const { tenant, invoice } = await charged();
    const { id } = stub.ledger.chargesOf(invoice)[0]!;
    const dispute = stub.ledger.dispute(id, Number(TOTAL));
    for (const name of ['one', 'two']) await receiveEvent(name, 'charge.dispute.created', dispute);
    expect(await booksOf(tenant)).toMatchObject({
      invoices: ['issued'],
      facts: [`dispute ${TOTAL}`, `payment ${TOTAL}`],
    });
    // A person decides about a second charge.
    expect(await charge(tenant, invoice)).toBe('not_now');
    stub.ledger.win(dispute.id);
    for (const name of ['three', 'four']) await receiveEvent(name, 'charge.dispute.closed', dispute);
    expect((await booksOf(tenant)).invoices).toEqual(['paid']);
    const refund = stub.ledger.refund(id, 4_000);
    for (const name of ['five', 'six']) await receiveEvent(name, 'refund.created', refund);
    expect((await booksOf(tenant)).facts).toEqual([
      `dispute ${TOTAL}`,
      `dispute_won ${TOTAL}`,
      `payment ${TOTAL}`,
      'refund 4000',
    ]);
  });

  it('about a refund returns the overpayment first, and opens the invoice for the rest alone', async () => {
    const { tenant, invoice } = await charged();
    const { id } = stub.ledger.chargesOf(invoice)[0]!;
    const byHand = { tenant, invoice, kind: 'payment' as const, provider: 'manual', means: 'pix', actor: 'spec' };
    await engines.transaction((tx) => recordFact(tx, { ...byHand, amount: 5_000n, providerId: 'E2E', at: new Date() }));
    const surplus = async () => {
      const { rows } = await owner.query(`select surplus_minor from billing_accounts where tenant_id = '${tenant}'`);
      return BigInt((rows[0] as { surplus_minor: string }).surplus_minor);
    };
    expect(await surplus()).toBe(5_000n);
    const refund = stub.ledger.refund(id, 3_000, `re_part_${id}`);
    for (const name of ['one', 'two', 'three']) await receiveEvent(name, 'refund.created', refund);
    expect(await surplus()).toBe(2_000n);
    expect(await booksOf(tenant)).toMatchObject({
      invoices: ['paid'],
      facts: ['payment 19900', 'payment 5000', 'surplus 5000', 'surplus_refund 3000'],
    });
    const rest = stub.ledger.refund(id, 4_500, `re_rest_${id}`);
    for (const name of ['four', 'five']) await receiveEvent(name, 'refund.updated', rest);
    const { invoices, facts, ledger } = await booksOf(tenant);
    expect(await surplus()).toBe(0n);
    expect(invoices).toEqual(['issued']);
    expect(facts.slice(2)).toEqual(['refund 2500', 'surplus 5000', 'surplus_refund 2000', 'surplus_refund 3000']);
    expect(ledger.reduce((sum, entry) => sum + BigInt(entry.split(' ')[1]!), 0n)).toBe(0n);
    expect(await access(tenant)).toEqual({ pastDue: 2_500n, inFlight: 0n });
  });

  it('of another kind or another installation is ignored, and counted as ignored', async () => {
    const { invoice } = await charged();
    const { id } = stub.ledger.chargesOf(invoice)[0]!;
    const elsewhere = stub.ledger.refund(id, 100);
    stub.ledger.patch(id, { metadata: { tenant_id: newId(), invoice_id: newId(), attempt_id: newId() } });
    expect(await receiveEvent('a', 'customer.created', { id: 'cus_1', object: 'customer' })).toMatchObject([
      { outcome: 'ignored', because: 'type' },
    ]);
    expect(await receiveEvent('b', 'refund.created', elsewhere)).toMatchObject([
      { outcome: 'ignored', because: 'not_ours' },
    ]);
  });

  it('that fails is kept until it is applied, and does not stop the others', async () => {
    const { tenant, invoice } = await charged();
    const { id } = stub.ledger.chargesOf(invoice)[0]!;
    const later = await charged();
    stub.ledger.patch(id, { currency: 'usd' });
    await receive(messagesOf(invoice)[0]!);
    await receive(messagesOf(later.invoice)[0]!);
    expect(await all(takeProviderEvents(engines, provider, 1))).toMatchObject([
      { error: { code: 'payment_currency_mismatch' } },
      { outcome: 'done', facts: 0 },
    ]);
    stub.ledger.patch(id, { currency: 'brl' });
    expect(await takeAll()).toMatchObject([{ outcome: 'done' }]);
    expect((await booksOf(tenant)).facts).toEqual([`payment ${TOTAL}`]);
  });
});

const PLAN = newId();

interface Seed {
  readonly total?: bigint;
  readonly currency?: string;
  readonly dueInMs?: number;
  readonly method?: string | null;
  readonly provider?: string;
}

let lastNumber = 0;

async function seedInvoice({
  total = TOTAL,
  currency = 'BRL',
  dueInMs = -1,
  method = 'cus_1/pm_1',
  provider: name = 'stripe',
}: Seed = {}) {
  const [tenant, subscription, invoice] = [newId(), newId(), newId()];
  const now = Date.now() + offsetMs;
  const [start, issued, due] = [now - 40 * DAY, now - HOUR, now + dueInMs].map(
    (ms) => `'${new Date(ms).toISOString()}'`,
  );
  await owner.query(`
    begin;
    insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency)
    values ('${tenant}', '${tenant.slice(-12)}', 'Store', 'pt-BR', 'America/Sao_Paulo', '${currency}');
    insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
    values ('${tenant}', '${subscription}', '2026-01-01', 1, ${start}, ${due});
    insert into billing_plan_assignments values ('${tenant}', '${subscription}', ${start}, '${PLAN}', ${start}, 'spec');
    insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version, is_invoiced)
    values ('${tenant}', '${subscription}', 0, ${start}, ${issued}, 'America/Sao_Paulo', '2026b', true);
    insert into billing_invoices (tenant_id, id, subscription_id, period_seq, revision, status, currency, total_minor, number, issued_at, due_at, created_at)
    values ('${tenant}', '${invoice}', '${subscription}', 0, 0, 'issued', '${currency}', ${total}, ${(lastNumber += 1)}, ${issued}, ${due}, ${issued});
    insert into billing_invoice_lines (tenant_id, invoice_id, line_no, line_key, kind, quantity, price_micro, amount_minor)
    values ('${tenant}', '${invoice}', 1, 'base', 'base', 1, ${total}000000, ${total});
    commit`);
  if (method !== null) await addMethod(tenant, name, method);
  return { tenant, invoice };
}

async function addMethod(tenant: string, name: string, reference: string): Promise<void> {
  await owner.query(`insert into billing_payment_methods (tenant_id, id, provider, provider_ref, label, is_default, added_at)
                     values ('${tenant}', '${newId()}', '${name}', '${reference}', 'Visa 4242', true, now())`);
}

async function changeMethod(tenant: string): Promise<void> {
  await owner.query(
    `update billing_payment_methods set is_default = false, removed_at = now() where tenant_id = '${tenant}'`,
  );
  await addMethod(tenant, 'stripe', 'cus_1/pm_2');
}

/** The notice of a grace that begins now; a new grace allows new retries. */
async function openGrace(tenant: string): Promise<void> {
  const at = new Date(Date.now() + offsetMs - 10).toISOString();
  const { rows } = await owner.query(
    `select from billing_invoices where tenant_id = '${tenant}' and status = 'issued'`,
  );
  if (rows.length === 0) return;
  await owner.query(`
    delete from billing_access_episodes where tenant_id = '${tenant}' and closed_at is null;
    insert into billing_access_episodes (tenant_id, id, opened_at, notice_at) values ('${tenant}', '${newId()}', '${at}', '${at}');
    update billing_accounts set access_state = 'grace' where tenant_id = '${tenant}'`);
}

async function payByHand(tenant: string, invoice: string, amount: bigint): Promise<void> {
  await owner.query(`insert into billing_payment_facts (tenant_id, id, invoice_id, kind, amount_minor, provider, provider_id, means, at, recorded_at, actor)
                     values ('${tenant}', '${newId()}', '${invoice}', 'payment', ${amount}, 'manual', '${newId()}', 'transfer', now(), now(), 'spec')`);
}

const charge = (tenant: string, invoice: string) => chargeInvoice(engines, provider, tenant, invoice);

async function charged() {
  const seeded = await seedInvoice();
  stub.fault = () => 'none';
  expect(await charge(seeded.tenant, seeded.invoice)).toBe('paid');
  return seeded;
}

async function reconcile(tenant: string): Promise<string[]> {
  const results = await all(reconcileAttempts(engines, provider, { tenant, limit: 10 }));
  return results.map((result) => {
    if ('error' in result) throw result.error;
    return [result.outcome, result.because].filter(Boolean).join(' ');
  });
}

interface Message {
  readonly id: string;
  readonly type: string;
  readonly object: { readonly id?: string; readonly object: string };
}

function messagesOf(invoice: string): Message[] {
  const [intent] = stub.ledger.chargesOf(invoice);
  const id = intent!.id;
  return [
    { id: `evt_${id}_1`, type: 'payment_intent.succeeded', object: { id, object: 'payment_intent' } },
    { id: `evt_${id}_2`, type: 'refund.created', object: { id: `re_a_${id}`, object: 'refund' } },
    { id: `evt_${id}_3`, type: 'refund.updated', object: { id: `re_b_${id}`, object: 'refund' } },
    { id: `evt_${id}_4`, type: 'charge.dispute.created', object: { id: `du_${id}`, object: 'dispute' } },
    { id: `evt_${id}_5`, type: 'charge.dispute.closed', object: { id: `du_${id}`, object: 'dispute' } },
  ];
}

/** Through the signature and the store, as the webhook's route does it. */
async function receive({ id, type, object }: Message): Promise<boolean> {
  const at = new Date(Date.now() + offsetMs);
  const { body, signature } = stub.webhook(id, type, object, at);
  const event = provider.verify(body, signature, at);
  return operator.transaction((tx) => storeProviderEvent(tx, event));
}

const takeAll = () => all(takeProviderEvents(engines, provider, 1_000));

async function receiveEvent(name: string, type: string, object: Message['object']) {
  await receive({ id: `evt_${name}_${newId()}`, type, object });
  return takeAll();
}

/** All that Stripe knows of an invoice. */
async function receiveEventOf(
  invoice: string,
  type = 'payment_intent.succeeded',
  { database, calls } = { database: engines, calls: provider },
): Promise<void> {
  for (const { id, body } of stub.ledger.intents)
    if (body.metadata['invoice_id'] === invoice)
      await receive({ id: `evt_${newId()}`, type, object: { id, object: 'payment_intent' } });
  for (const taken of await all(takeProviderEvents(database, calls, 1_000))) if ('error' in taken) throw taken.error;
}

/** The facts that the grace pass would read now. */
async function access(tenant: string) {
  const { pastDue, inFlight } = (await engines.transaction(async (tx) => readAccess(tx, tenant, await tx.now())))!;
  return { pastDue, inFlight };
}

async function booksOf(tenant: string) {
  const list = async (statement: string): Promise<string[]> => {
    const { rows } = await owner.query<{ line: string }>(statement);
    return rows.map(({ line }) => line);
  };
  return {
    invoices: await list(`select status as line from billing_invoices where tenant_id = '${tenant}' order by number`),
    attempts: await list(
      `select concat_ws(' ', state, decline) as line from billing_payment_attempts where tenant_id = '${tenant}' order by attempt_no`,
    ),
    facts: await list(
      `select kind || ' ' || amount_minor as line from billing_payment_facts where tenant_id = '${tenant}' order by 1`,
    ),
    ledger: await list(
      `select account || ' ' || amount_minor as line from billing_ledger_entries where tenant_id = '${tenant}' order by 1`,
    ),
  };
}

/** Facts whose instant is not the provider's. */
async function times(tenant: string) {
  const { rows } = await owner.query(
    `select kind, at from billing_payment_facts where tenant_id = '${tenant}' and kind <> 'surplus' and at <> date_trunc('second', at)`,
  );
  return rows;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Moves the clock of the database and of Stripe alike. */
async function elapse(ms: number): Promise<void> {
  await setClock(offsetMs + ms);
}

async function setClock(ms: number): Promise<void> {
  offsetMs = ms;
  await engines.query(sql`select set_config('app.clock_offset', ${`${ms} milliseconds`}, false)`);
}
