/** The state of the stub, without HTTP. */

export interface Answer {
  readonly status: number;
  readonly body: object;
  /** The earlier answer to the same key. */
  readonly isReplayed?: boolean;
}

/** How the card of an intent answers. */
export type Verdict = 'succeeds' | 'processing' | { readonly decline_code: string; readonly advice_code?: string };

interface Card {
  readonly brand: string;
  readonly last4: string;
  readonly exp_month: number;
  readonly exp_year: number;
}

interface Intent {
  readonly id: string;
  readonly createdAt: number;
  readonly body: Record<string, unknown> & { status: string; metadata: Record<string, string> };
}

const KEY_LIFETIME_MS = 24 * 3_600_000;

export class StripeLedger {
  readonly intents: Intent[] = [];
  /** By the method's id. */
  verdict: (method: string) => Verdict = () => 'succeeds';
  /** The smallest amount that it charges, in minor units. */
  smallest = 50;
  private readonly keys = new Map<string, { at: number; parameters: string; answer: Answer }>();
  private readonly objects = new Map<string, Record<string, unknown>>();

  constructor(
    private readonly clock: () => number,
    private readonly searchLagMs: number,
  ) {}

  /** Money taken for an invoice, once per charge. */
  chargesOf(invoice: string): Intent[] {
    return this.intents.filter(({ body }) => body.status === 'succeeded' && body.metadata['invoice_id'] === invoice);
  }

  post(path: string, key: string, parameters: URLSearchParams): Answer {
    const known = this.keys.get(key);
    const text = parameters.toString();
    if (known && this.clock() - known.at < KEY_LIFETIME_MS) {
      if (known.parameters !== text) return { status: 400, body: { error: { type: 'idempotency_error' } } };
      return { ...known.answer, isReplayed: true };
    }
    const answer = path === '/v1/checkout/sessions' ? this.openPage(parameters) : this.execute(parameters);
    this.keys.set(key, { at: this.clock(), parameters: text, answer });
    return answer;
  }

  /** The answer of the key from now on. */
  keep(key: string, answer: Answer): void {
    this.keys.get(key)!.answer = answer;
  }

  /** A pending intent comes to its end by itself. */
  finish(id: string, verdict: Verdict): void {
    const intent = this.intents.find((candidate) => candidate.id === id)!;
    applyVerdict(intent.body, verdict);
  }

  refund(intent: string, amount: number, id = `re_${this.objects.size + 1}`): { id: string; object: string } {
    const { currency } = this.body(intent);
    const refund = { id, object: 'refund', amount, currency, status: 'succeeded', reason: 'requested_by_customer' };
    this.objects.set(id, { ...refund, payment_intent: intent, created: this.seconds() });
    return { id, object: 'refund' };
  }

  dispute(intent: string, amount: number, id = `du_${this.objects.size + 1}`): { id: string; object: string } {
    const { currency } = this.body(intent);
    const withdrawn = { object: 'balance_transaction', amount: -amount, created: this.seconds() };
    const dispute = { id, object: 'dispute', amount, currency, status: 'needs_response', reason: 'fraudulent' };
    this.objects.set(id, {
      ...dispute,
      payment_intent: intent,
      created: this.seconds(),
      balance_transactions: [withdrawn],
    });
    return { id, object: 'dispute' };
  }

  /** Won: the money comes back. */
  win(dispute: string): void {
    const body = this.objects.get(dispute)!;
    const given = { object: 'balance_transaction', amount: body['amount'], created: this.seconds() };
    body['status'] = 'won';
    body['balance_transactions'] = [...(body['balance_transactions'] as object[]), given];
  }

  /** Changes an object without a webhook. */
  patch(id: string, changed: Record<string, unknown>): void {
    Object.assign(this.objects.get(id) ?? this.body(id), changed);
  }

  /** The person enters a card on the page, or the newest one. Returns the session and the setup, as webhooks name them. */
  enterCard(card: Partial<Card> = {}, session = this.pages.at(-1)!) {
    const body = this.objects.get(session)!;
    const customer = (body['customer'] as string | null) ?? this.addCustomer();
    const [method, setup] = [`pm_${this.objects.size + 1}`, `seti_${this.objects.size + 1}`];
    const facts = { brand: 'visa', last4: '4242', exp_month: 8, exp_year: 2029, ...card };
    this.objects.set(method, { id: method, object: 'payment_method', type: 'card', customer, card: facts });
    const common = { metadata: body['setup_metadata'], customer, payment_method: method, status: 'succeeded' };
    this.objects.set(setup, { id: setup, object: 'setup_intent', ...common });
    Object.assign(body, { status: 'complete', customer, setup_intent: setup });
    return {
      session: { id: session, object: 'checkout.session' },
      setup: { id: setup, object: 'setup_intent' },
      method,
    };
  }

  /** Pages that were asked for. */
  readonly pages: string[] = [];

  addCustomer(): string {
    const id = `cus_${this.objects.size + 1}`;
    this.objects.set(id, { id, object: 'customer' });
    return id;
  }

  get(url: URL): Answer {
    const id = url.pathname.split('/').at(-1)!;
    if (url.pathname === '/v1/payment_intents/search') return this.search(url.searchParams.get('query')!);
    const body = this.objects.get(id) ?? this.intents.find((intent) => intent.id === id)?.body;
    return body
      ? { status: 200, body: this.expanded(body, url.searchParams) }
      : { status: 404, body: { error: { type: 'invalid_request_error', code: 'resource_missing' } } };
  }

  private openPage(parameters: URLSearchParams): Answer {
    const customer = parameters.get('customer');
    const isSetup = parameters.get('mode') === 'setup' && parameters.get('allowed_payment_method_types[0]') === 'card';
    if (!isSetup) return refusal('parameter_invalid', 'mode');
    if (customer !== null && parameters.has('customer_creation')) return refusal('parameter_unknown', 'customer');
    if (customer === null && parameters.get('customer_creation') !== 'always')
      return refusal('parameter_missing', 'customer');
    if (customer !== null && !this.objects.has(customer)) return refusal('resource_missing', 'customer');
    for (const needed of ['success_url', 'cancel_url'])
      if (!URL.canParse(parameters.get(needed) ?? '')) return refusal('url_invalid', needed);
    const id = `cs_${this.objects.size + 1}`;
    const body = {
      id,
      object: 'checkout.session',
      mode: 'setup',
      status: 'open',
      url: `https://checkout.stripe.com/c/pay/${id}`,
      expires_at: this.seconds() + 86_400,
      customer,
      customer_email: parameters.get('customer_email'),
      success_url: parameters.get('success_url'),
      setup_intent: null,
      metadata: membersOf(parameters, 'metadata'),
      setup_metadata: membersOf(parameters, 'setup_intent_data[metadata]'),
    };
    this.objects.set(id, body);
    this.pages.push(id);
    return { status: 200, body };
  }

  /** The members that a request wants as objects instead of ids. */
  private expanded(body: Record<string, unknown>, query: URLSearchParams): Record<string, unknown> {
    const wanted = [...query].filter(([name]) => name.startsWith('expand')).map(([, value]) => value);
    const copy = structuredClone(body);
    for (const member of wanted.filter((value) => !value.includes('.'))) {
      const found = this.objects.get(String(copy[member]));
      if (!found) continue;
      const inner = wanted
        .filter((value) => value.startsWith(`${member}.`))
        .map((value) => value.slice(member.length + 1));
      copy[member] = this.expanded(
        found,
        new URLSearchParams(inner.map((value): [string, string] => ['expand[]', value])),
      );
    }
    return copy;
  }

  private execute(parameters: URLSearchParams): Answer {
    const method = parameters.get('payment_method')!;
    const amount = Number(parameters.get('amount'));
    // Nothing is created, and the key returns this answer for a day.
    if (amount < this.smallest) return refusal('amount_too_small', 'amount');
    if (amount > 99_999_999) return refusal('amount_too_large', 'amount');
    const id = `pi_${this.intents.length + 1}_${parameters.get('metadata[attempt_id]')?.slice(-6) ?? ''}`;
    if (method.startsWith('pm_missing')) return refusal('resource_missing', 'payment_method');
    const metadata = membersOf(parameters, 'metadata');
    const body: Intent['body'] = {
      id,
      object: 'payment_intent',
      amount,
      amount_received: 0,
      currency: parameters.get('currency'),
      customer: parameters.get('customer'),
      status: 'requires_confirmation',
      created: this.seconds(),
      metadata,
      payment_method_types: ['card'],
      last_payment_error: null,
      cancellation_reason: null,
      latest_charge: null,
    };
    this.intents.push({ id, createdAt: this.clock(), body });
    const verdict = this.verdict(method);
    applyVerdict(body, verdict);
    if (typeof verdict === 'string') return { status: 200, body: structuredClone(body) };
    return {
      status: 402,
      body: { error: { ...(body['last_payment_error'] as object), payment_intent: structuredClone(body) } },
    };
  }

  private search(query: string): Answer {
    const [, attempt] = /^metadata\['attempt_id'\]:'([^']+)'$/.exec(query) ?? [];
    const data = this.intents
      .filter(({ createdAt }) => createdAt + this.searchLagMs <= this.clock())
      .filter(({ body }) => body.metadata['attempt_id'] === attempt)
      // A stale index: the state may be old.
      .map(({ body }) => ({ ...body, status: 'requires_confirmation', last_payment_error: null }));
    return { status: 200, body: { object: 'search_result', data, has_more: false } };
  }

  private body(id: string) {
    return this.intents.find((intent) => intent.id === id)!.body;
  }

  private seconds(): number {
    return Math.floor(this.clock() / 1_000);
  }
}

function refusal(code: string, param: string): Answer {
  return { status: 400, body: { error: { type: 'invalid_request_error', code, param, message: code } } };
}

function membersOf(parameters: URLSearchParams, name: string): Record<string, string> {
  const start = `${name}[`;
  return Object.fromEntries(
    [...parameters].flatMap(([key, value]) => (key.startsWith(start) ? [[key.slice(start.length, -1), value]] : [])),
  );
}

function applyVerdict(body: Intent['body'], verdict: Verdict): void {
  if (verdict === 'processing') {
    body.status = 'processing';
  } else if (verdict === 'succeeds') {
    body.status = 'succeeded';
    body['amount_received'] = body['amount'];
    body['latest_charge'] = {
      id: `ch_${String(body['id'])}`,
      object: 'charge',
      created: body['created'],
      payment_method_details: { type: 'card' },
    };
  } else {
    body.status = 'requires_payment_method';
    body['last_payment_error'] = { type: 'card_error', code: 'card_declined', ...verdict };
  }
}
