/** The contract that every provider keeps, tested with Stripe's adapter against a server that behaves like Stripe. */
import { newId } from '#kernel';
import { type Fault, StripeStub, WEBHOOK_SECRET } from '#testing/stripe-stub/index';
import { type ChargeRequest, type PaymentProvider, refusingProvider, type SetupRequest } from './port.js';
import { SEARCH_LAG_MS, stripeProvider } from './stripe.js';

const HOUR = 3_600_000;
const TIMEOUT_MS = 150;
const LAG_MS = HOUR;

let stub: StripeStub;
let provider: PaymentProvider;
let now = Date.parse('2026-11-21T12:00:00Z');

beforeAll(async () => {
  stub = await StripeStub.start({ clock: () => now, searchLagMs: LAG_MS, slowMs: 2 * TIMEOUT_MS });
  provider = stripeProvider({
    apiKey: 'sk_test_stub',
    webhookSecret: WEBHOOK_SECRET,
    timeoutMs: TIMEOUT_MS,
    endpoint: stub.endpoint,
  });
});

beforeEach(() => {
  stub.fault = () => 'none';
  stub.isDown = false;
  stub.ledger.verdict = () => 'succeeds';
});

afterAll(() => stub.stop());

const request = (changed: Partial<ChargeRequest> = {}): ChargeRequest => ({
  attemptId: newId(),
  tenant: newId(),
  invoiceId: newId(),
  invoiceNumber: 1_042n,
  amount: 19_900n,
  currency: 'BRL',
  methodRef: 'cus_1/pm_1',
  ...changed,
});
const once = (fault: Fault) => {
  const faults = [fault];
  stub.fault = () => faults.shift() ?? 'none';
};
const find = (attemptId: string, providerId: string | null = null) => provider.find({ attemptId, providerId });

describe('a charge', () => {
  it('takes the money and reports it', async () => {
    const asked = request();
    const answer = await provider.charge(asked);
    const [charge, ...others] = stub.ledger.chargesOf(asked.invoiceId);
    expect(others).toEqual([]);
    expect(answer).toEqual({
      state: 'succeeded',
      payment: { providerId: charge!.id, amount: 19_900n, currency: 'BRL', means: 'card', at: new Date(now) },
    });
    expect(charge!.body).toMatchObject({ amount: 19_900, currency: 'brl', customer: 'cus_1' });
    expect(charge!.body.metadata).toEqual({
      tenant_id: asked.tenant,
      invoice_id: asked.invoiceId,
      attempt_id: asked.attemptId,
    });
  });

  it('takes it once, however often the attempt is sent', async () => {
    const asked = request();
    const first = await provider.charge(asked);
    expect(await provider.charge(asked)).toEqual(first);
    now += 23 * HOUR;
    expect(await provider.charge(asked)).toEqual(first);
    expect(stub.ledger.chargesOf(asked.invoiceId)).toHaveLength(1);
  });

  it('would take it again once the key is forgotten, so it must not be sent then', async () => {
    const asked = request();
    await provider.charge(asked);
    now += 24 * HOUR;
    await provider.charge(asked);
    expect(stub.ledger.chargesOf(asked.invoiceId)).toHaveLength(2);
  });

  it.each([
    ['insufficient_funds', undefined, 'soft'],
    ['generic_decline', undefined, 'soft'],
    ['authentication_required', undefined, 'soft'],
    ['a_code_of_tomorrow', undefined, 'soft'],
    ['stolen_card', undefined, 'hard'],
    ['expired_card', undefined, 'hard'],
    ['revocation_of_all_authorizations', undefined, 'hard'],
    ['generic_decline', 'do_not_try_again', 'hard'],
  ])(
    'declined for %s with the advice %s is declined %sly, by answer and by question',
    async (code, advice, decline) => {
      stub.ledger.verdict = () => ({ decline_code: code, ...(advice ? { advice_code: advice } : {}) });
      const asked = request();
      const answer = await provider.charge(asked);
      expect(answer).toEqual({ state: 'declined', decline, code, providerId: stub.ledger.intents.at(-1)!.id });
      now += LAG_MS;
      expect(await find(asked.attemptId)).toEqual({ kind: 'found', outcome: answer });
      expect(stub.ledger.chargesOf(asked.invoiceId)).toEqual([]);
    },
  );

  it.each<[Fault, number]>([
    ['silent_before', 0],
    ['silent_after', 1],
    ['broken_before', 0],
    ['broken_after', 1],
    ['error_500_before', 0],
    ['error_500_after', 1],
    ['rate_limit', 0],
    ['torn', 1],
    ['slow', 1],
  ])('that meets %s has an unknown outcome, and is found out by asking', async (fault, charges) => {
    once(fault);
    const asked = request();
    expect(await provider.charge(asked)).toMatchObject({ state: 'unknown', providerId: null });
    if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, 2 * TIMEOUT_MS));
    expect(stub.ledger.chargesOf(asked.invoiceId)).toHaveLength(charges);
    // The search is late, reports so, and finds the charge later.
    expect(await find(asked.attemptId)).toEqual({ kind: 'not_found', lagMs: SEARCH_LAG_MS });
    now += LAG_MS;
    const answer = await find(asked.attemptId);
    expect(answer).toMatchObject(charges ? { kind: 'found', outcome: { state: 'succeeded' } } : { kind: 'not_found' });
    // Sent again within the day, it is charged once in both cases; an error stays the key's answer.
    const again = await provider.charge(asked);
    expect(again.state).toBe(fault === 'error_500_after' ? 'unknown' : 'succeeded');
    expect(stub.ledger.chargesOf(asked.invoiceId)).toHaveLength(1);
  });

  it('that was made twice is found as succeeded if one of the two succeeded', async () => {
    const asked = request();
    stub.ledger.verdict = () => ({ decline_code: 'insufficient_funds' });
    await provider.charge(asked);
    now += 24 * HOUR;
    stub.ledger.verdict = () => 'succeeds';
    const answer = await provider.charge(asked);
    now += LAG_MS;
    expect(await find(asked.attemptId)).toEqual({ kind: 'found', outcome: answer });
    const other = request();
    stub.ledger.verdict = () => ({ decline_code: 'insufficient_funds' });
    await provider.charge(other);
    now += 24 * HOUR;
    stub.ledger.verdict = () => 'processing';
    await provider.charge(other);
    now += LAG_MS;
    expect(await find(other.attemptId)).toEqual({ kind: 'processing' });
  });

  it('of a method that Stripe does not know is unknown, because we may be asking the wrong account', async () => {
    const answer = await provider.charge(request({ methodRef: 'pm_missing' }));
    expect(answer).toEqual({ state: 'unknown', because: 'resource_missing', providerId: null });
  });

  it('that Stripe still processes is unknown, and found at once by its id', async () => {
    stub.ledger.verdict = () => 'processing';
    const asked = request();
    const answer = await provider.charge(asked);
    const { id } = stub.ledger.intents.at(-1)!;
    expect(answer).toEqual({ state: 'unknown', because: 'processing', providerId: id });
    expect(await find(asked.attemptId, id)).toEqual({ kind: 'processing' });
    stub.ledger.finish(id, 'succeeds');
    expect(await find(asked.attemptId, id)).toMatchObject({ kind: 'found', outcome: { state: 'succeeded' } });
  });

  it.each([
    [49n, 'too_small', 'amount_too_small'],
    [50n, undefined, undefined],
  ])('of %s is refused by the provider for its size, with a final decline', async (amount, decline, code) => {
    const asked = request({ amount });
    const answer = await provider.charge(asked);
    if (decline === undefined) return expect(answer.state).toBe('succeeded');
    expect(answer).toEqual({ state: 'declined', decline, code, providerId: null });
    expect(await provider.charge(asked)).toEqual(answer);
    expect(stub.ledger.chargesOf(asked.invoiceId)).toEqual([]);
  });

  it('cannot be made of an amount that would have to be rounded', () => {
    expect(() => provider.assertChargeable(5_124n, 'KWD')).toThrow(
      expect.objectContaining({ code: 'amount_not_chargeable' }),
    );
    expect(() => provider.assertChargeable(5_120n, 'KWD')).not.toThrow();
  });
});

describe('a lookup', () => {
  it('has no answer while Stripe is unavailable', async () => {
    stub.isDown = true;
    expect(await find(newId())).toEqual({ kind: 'unavailable' });
    expect(await find(newId(), 'pi_1')).toEqual({ kind: 'unavailable' });
  });

  it('for an unknown id is refused, because the account may be the wrong one', async () => {
    await expect(find(newId(), 'pi_elsewhere')).rejects.toMatchObject({ code: 'payment_not_at_provider' });
  });
});

describe('a webhook', () => {
  const at = new Date('2026-11-21T12:00:00Z');
  const code = (code: string) => expect.objectContaining({ code });

  it('is accepted with Stripe’s signature', () => {
    const { body, signature } = stub.webhook('evt_1', 'refund.created', { id: 're_1', object: 'refund' }, at);
    expect(provider.verify(body, signature, at)).toMatchObject({
      provider: 'stripe',
      id: 'evt_1',
      type: 'refund.created',
      objectId: 're_1',
    });
  });

  it('is refused when a byte of it was changed, when it is not signed, and when it is too old', () => {
    const { body, signature } = stub.webhook('evt_1', 'refund.created', { id: 're_1', object: 'refund' }, at);
    const forged = Buffer.from(body.toString().replace('re_1', 're_2'));
    expect(() => provider.verify(forged, signature, at)).toThrow(code('webhook_not_authentic'));
    expect(() => provider.verify(body, '', at)).toThrow(code('webhook_not_authentic'));
    const later = (seconds: number) => new Date(at.getTime() + seconds * 1_000);
    expect(provider.verify(body, signature, later(300)).id).toBe('evt_1');
    expect(() => provider.verify(body, signature, later(301))).toThrow(code('webhook_not_authentic'));
  });

  it('gives the present state of its object, not an earlier one', async () => {
    stub.ledger.verdict = () => 'processing';
    const asked = request();
    await provider.charge(asked);
    const { id } = stub.ledger.intents.at(-1)!;
    const event = { type: 'payment_intent.processing', objectId: id };
    const { tenant, invoiceId: invoice, attemptId } = asked;
    expect(await provider.fetch(event)).toEqual({
      kind: 'money',
      tenant,
      invoice,
      currency: 'BRL',
      movements: [],
      settles: null,
    });
    stub.ledger.finish(id, 'succeeds');
    expect(await provider.fetch(event)).toMatchObject({
      movements: [{ kind: 'payment', amount: 19_900n, providerId: id }],
      settles: { attemptId, outcome: { state: 'succeeded' } },
    });
  });

  it('about a refund counts when the money has left, about a dispute when it was withdrawn and returned', async () => {
    const asked = request();
    await provider.charge(asked);
    const { id } = stub.ledger.intents.at(-1)!;
    const refund = stub.ledger.refund(id, 5_000);
    stub.ledger.patch(refund.id, { status: 'pending' });
    const fetched = (type: string, objectId: string) => provider.fetch({ type, objectId });
    expect(await fetched('refund.created', refund.id)).toMatchObject({ kind: 'money', movements: [] });
    stub.ledger.patch(refund.id, { status: 'succeeded' });
    expect(await fetched('refund.updated', refund.id)).toMatchObject({
      invoice: asked.invoiceId,
      movements: [{ kind: 'refund', amount: 5_000n, providerId: refund.id }],
    });
    const dispute = stub.ledger.dispute(id, 19_900);
    const kinds = async (type: string) => {
      const notification = await fetched(type, dispute.id);
      return notification.kind === 'money' ? notification.movements.map(({ kind }) => kind) : notification;
    };
    expect(await kinds('charge.dispute.created')).toEqual(['dispute']);
    stub.ledger.win(dispute.id);
    expect(await kinds('charge.dispute.created')).toEqual(['dispute', 'dispute_won']);
    stub.ledger.patch(dispute.id, { balance_transactions: [] });
    expect(await kinds('charge.dispute.created')).toEqual([]);
  });

  it('of another kind, or about a charge that is not ours, is ignored', async () => {
    const asked = request();
    await provider.charge(asked);
    const { id } = stub.ledger.intents.at(-1)!;
    expect(await provider.fetch({ type: 'customer.created', objectId: 'cus_1' })).toEqual({
      kind: 'ignored',
      because: 'type',
    });
    stub.ledger.patch(id, { metadata: { order: '17' } });
    expect(await provider.fetch({ type: 'payment_intent.succeeded', objectId: id })).toEqual({
      kind: 'ignored',
      because: 'not_ours',
    });
  });

  it('waits while its object cannot be fetched', async () => {
    const event = { type: 'refund.created', objectId: 're_elsewhere' };
    await expect(provider.fetch(event)).rejects.toEqual(code('payment_not_at_provider'));
    stub.isDown = true;
    await expect(provider.fetch(event)).rejects.toEqual(code('payment_provider_unavailable'));
  });
});

describe('a page to enter a card', () => {
  const asked = (changed: Partial<SetupRequest> = {}): SetupRequest => ({
    key: newId(),
    tenant: newId(),
    askedAt: new Date('2026-11-21T12:00:00.123Z'),
    askedBy: 'user:ana',
    customer: null,
    email: 'ana@acme.test',
    returnUrl: 'https://acme.example.com/billing',
    locale: 'pt-BR',
    ...changed,
  });
  const fetched = (type: string, objectId: string) => provider.fetch({ type, objectId });

  it('is opened at the provider, and no card is known until one is entered', async () => {
    const { url, expiresAt } = await provider.setUp(asked());
    expect(url).toMatch(/^https:\/\//);
    expect(expiresAt.getTime()).toBeGreaterThan(now);
    expect(await fetched('checkout.session.completed', stub.ledger.pages.at(-1)!)).toEqual({
      kind: 'ignored',
      because: 'not_ours',
    });
  });

  it('gives by either event the card’s store, the time of the request, and its brand and digits', async () => {
    const page = asked();
    await provider.setUp(page);
    const { session, setup, method } = stub.ledger.enterCard({ brand: 'mastercard', last4: '4444', exp_month: 12 });
    const notification = await fetched('checkout.session.completed', session.id);
    expect(notification).toEqual({
      kind: 'method',
      tenant: page.tenant,
      reference: expect.stringMatching(new RegExp(`^cus_\\w+/${method}$`)) as string,
      askedAt: page.askedAt,
      askedBy: 'user:ana',
      card: { brand: 'mastercard', last4: '4444', expMonth: 12, expYear: 2029 },
      isAttached: true,
    });
    expect(await fetched('setup_intent.succeeded', setup.id)).toEqual(notification);
    expect(await fetched('payment_method.attached', method)).toMatchObject({ kind: 'method_now', method });
  });

  it('saves a card that can be charged without its holder', async () => {
    await provider.setUp(asked());
    const { session } = stub.ledger.enterCard();
    const notification = await fetched('checkout.session.completed', session.id);
    if (notification.kind !== 'method') throw new Error(notification.kind);
    expect(await provider.charge(request({ methodRef: notification.reference }))).toMatchObject({ state: 'succeeded' });
  });

  it('has the same customer as the earlier card, or a new one if that was deleted', async () => {
    const customer = stub.ledger.addCustomer();
    for (const [known, expected] of [
      [customer, new RegExp(`^${customer}/`)],
      ['cus_deleted', /^cus_\d+\//],
    ] as const) {
      await provider.setUp(asked({ customer: known }));
      const notification = await fetched('setup_intent.succeeded', stub.ledger.enterCard().setup.id);
      expect(notification).toMatchObject({ reference: expect.stringMatching(expected) as string });
    }
  });

  it('is the same page for the same key, also after its customer was deleted', async () => {
    for (const customer of [null, stub.ledger.addCustomer(), 'cus_deleted']) {
      const page = asked({ customer });
      const [before, first] = [stub.ledger.pages.length, await provider.setUp(page)];
      expect(await provider.setUp(page)).toEqual(first);
      expect(stub.ledger.pages).toHaveLength(before + 1);
    }
  });

  it('is another page if the provider keeps an internal error under the key', async () => {
    once('error_500_after');
    const page = asked();
    await expect(provider.setUp(page)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    expect(await provider.setUp(page)).toMatchObject({ url: expect.stringMatching(/^https:/) as string });
  });

  it('gives the present state of a card: unfinished, replaced by its bank, detached', async () => {
    await provider.setUp(asked());
    const { session, setup, method } = stub.ledger.enterCard();
    stub.ledger.patch(setup.id, { status: 'requires_action' });
    expect(await fetched('setup_intent.succeeded', setup.id)).toEqual({ kind: 'ignored', because: 'unfinished' });
    stub.ledger.patch(setup.id, { status: 'succeeded' });
    stub.ledger.patch(method, { card: { brand: 'visa', last4: '0001', exp_month: 1, exp_year: 2031 } });
    expect(await fetched('payment_method.automatically_updated', method)).toEqual({
      kind: 'method_now',
      method,
      card: { brand: 'visa', last4: '0001', expMonth: 1, expYear: 2031 },
      isAttached: true,
    });
    stub.ledger.patch(method, { customer: null });
    expect(await fetched('payment_method.detached', method)).toMatchObject({ isAttached: false });
    expect(await fetched('checkout.session.completed', session.id)).toMatchObject({
      kind: 'method',
      isAttached: false,
    });
  });

  it('that another user of the same account opened is ignored', async () => {
    await provider.setUp(asked());
    const { session, setup } = stub.ledger.enterCard();
    stub.ledger.patch(setup.id, { metadata: { order: '17' } });
    expect(await fetched('checkout.session.completed', session.id)).toEqual({ kind: 'ignored', because: 'not_ours' });
  });

  it.each<[string, () => void]>([
    ['is away', () => void (stub.isDown = true)],
    ['does not answer', () => once('silent_before')],
    ['has trouble', () => once('error_500_before')],
  ])('cannot be opened while the provider %s', async (_, trouble) => {
    trouble();
    const quick = stripeProvider({
      apiKey: 'k',
      webhookSecret: WEBHOOK_SECRET,
      pageTimeoutMs: TIMEOUT_MS,
      endpoint: stub.endpoint,
    });
    await expect(quick.setUp(asked())).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  });
});

describe('a dry run', () => {
  it('fails as soon as it calls the provider', async () => {
    const before = stub.requests.length;
    const dry = refusingProvider(provider);
    const refusal = expect.objectContaining({ code: 'dry_run_called_provider' });
    await expect(dry.charge(request())).rejects.toEqual(refusal);
    await expect(dry.find({ attemptId: newId(), providerId: null })).rejects.toEqual(refusal);
    await expect(dry.fetch({ type: 'refund.created', objectId: 're_1' })).rejects.toEqual(refusal);
    expect(() => dry.verify(Buffer.of(), '', new Date())).toThrow(refusal);
    expect(stub.requests).toHaveLength(before);
    expect(() => dry.assertChargeable(5_124n, 'KWD')).toThrow(
      expect.objectContaining({ code: 'amount_not_chargeable' }),
    );
  });
});
