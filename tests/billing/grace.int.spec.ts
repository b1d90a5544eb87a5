/** Seven days without payment, to the second: which tenants are warned and suspended, and what restores their access. */
import { BILLING_PASSES } from '#engines/billing/worker';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { recordFact } from '../../libs/engines/billing/collection/usecases/record-fact.js';
import { writeOffInvoice } from '../../libs/engines/billing/invoicing/usecases/credit-invoice.js';
import { Books } from './books.js';

const overage = BILLING_PASSES.find(({ name }) => name === 'billing-overage')!;
const grace = BILLING_PASSES.find(({ name }) => name === 'billing-grace')!;
const RACING = sampleSize(600, 5_000);
const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GRACE = 168 * HOUR;
const START = new Date('2025-03-01T00:00:00Z');
const BILLED = new Date('2025-04-01T00:00:00Z');
const BASE = 19_900n;

let books: Books;
let plan: string;
beforeAll(async () => {
  books = await Books.open();
  plan = await books.plan({ base: BASE, meters: {} });
});
afterAll(() => books.close());

const later = (ms: number) => new Date(BILLED.getTime() + ms);

async function indebted(count = 1): Promise<string[]> {
  const made = await books.tenants(Array.from({ length: count }, () => ({ startsAt: START, plan })));
  await books.run(overage, { asOf: BILLED, isReplayForced: true });
  return made.map(({ tenant }) => tenant);
}

/** The grace pass as cron would have started it at that instant. */
async function enforce(now: Date, tenant?: string) {
  const database = books.at(now);
  try {
    return await books.run(grace, { database, isReplayForced: true, ...(tenant ? { tenant } : {}) });
  } finally {
    await database.close();
  }
}

async function stateOf(tenant: string): Promise<string> {
  const [row] = await books.rows<{ access_state: string }>(
    `select access_state from billing_accounts where tenant_id = $1`,
    [tenant],
  );
  return row!.access_state;
}

const noticeOf = async (tenant: string) =>
  (
    await books.rows<{ notice_at: Date }>(
      `select notice_at from billing_access_episodes where tenant_id = $1 and closed_at is null`,
      [tenant],
    )
  )[0]!.notice_at;

const handOver = (tenant: string) =>
  books.rows(`update billing_notices set handed_over_at = now() where tenant_id = $1`, [tenant]);

const invoiceOf = async (tenant: string) =>
  (
    await books.rows<{ id: string }>(`select id from billing_invoices where tenant_id = $1 and status = 'issued'`, [
      tenant,
    ])
  )[0]!.id;

async function pay(
  database: CrossTenantDatabase,
  tenant: string,
  invoice: string,
  amount = BASE,
  providerId = newId(),
) {
  return database.transaction((tx) =>
    recordFact(tx, {
      ...{ tenant, invoice, amount, providerId, kind: 'payment', provider: 'manual', means: 'pix' },
      ...{ at: BILLED, actor: 'operator:test', reason: 'seen on the statement' },
    }),
  );
}

it('warns at the first pass after the due date, and suspends 168 hours after the recorded notice, not a second before', async () => {
  const [tenant] = (await indebted()) as [string];
  await enforce(later(HOUR), tenant);
  expect(await stateOf(tenant)).toBe('grace');
  await handOver(tenant);
  const notice = await noticeOf(tenant);
  expect(notice.getTime()).toBeGreaterThanOrEqual(later(HOUR).getTime());
  for (const early of [0, DAY, 3 * DAY, GRACE - 5 * SECOND]) {
    await enforce(new Date(notice.getTime() + early), tenant);
    expect(await stateOf(tenant)).toBe('grace');
  }
  await enforce(new Date(notice.getTime() + GRACE), tenant);
  expect(await stateOf(tenant)).toBe('suspended');
  const holds = await books.rows(`select cause from billing_access_holds where tenant_id = $1`, [tenant]);
  expect(holds).toEqual([{ cause: 'billing' }]);
  const steps = await books.rows<{ step: string }>(
    `select step from billing_notices where tenant_id = $1 order by recorded_at, step`,
    [tenant],
  );
  expect(steps.map(({ step }) => step)).toEqual(['opened', 'reminder_48h', 'final_warning', 'suspended']);
});

it('only warns after an outage, however long it was', async () => {
  for (const days of [1, 8, 40, 400]) {
    const [tenant] = (await indebted()) as [string];
    await enforce(later(days * DAY), tenant);
    expect(await stateOf(tenant)).toBe('grace');
    expect((await noticeOf(tenant)).getTime()).toBeGreaterThanOrEqual(later(days * DAY).getTime());
  }
});

it('suspends no tenant whose notice was not handed over', async () => {
  const [tenant] = (await indebted()) as [string];
  await enforce(later(HOUR), tenant);
  await enforce(later(30 * DAY), tenant);
  expect(await stateOf(tenant)).toBe('grace');
});

it('does not restart the clock when a row is touched, nor when a part is paid', async () => {
  const [tenant] = (await indebted()) as [string];
  await enforce(later(HOUR), tenant);
  await handOver(tenant);
  const notice = await noticeOf(tenant);
  const late = books.at(new Date(notice.getTime() + 6 * DAY));
  await pay(late, tenant, await invoiceOf(tenant), 100n);
  await late.close();
  await books.rows(`update billing_invoices set version = version + 1 where tenant_id = $1`, [tenant]);
  await books.rows(`update billing_accounts set email = 'other@store.test' where tenant_id = $1`, [tenant]);
  expect(await noticeOf(tenant)).toEqual(notice);
  await enforce(new Date(notice.getTime() + GRACE + SECOND), tenant);
  expect(await stateOf(tenant)).toBe('suspended');
});

it('restores access in the same transaction that settles the debt', async () => {
  const [tenant] = (await indebted()) as [string];
  await enforce(later(HOUR), tenant);
  await handOver(tenant);
  await enforce(new Date((await noticeOf(tenant)).getTime() + GRACE), tenant);
  expect(await stateOf(tenant)).toBe('suspended');
  await pay(books.engines, tenant, await invoiceOf(tenant));
  expect(await stateOf(tenant)).toBe('active');
  const [left] = await books.rows<{ holds: number; open: number; paid: number }>(
    `select (select count(*)::int from billing_access_holds where tenant_id = $1) as holds,
            (select count(*)::int from billing_access_episodes where tenant_id = $1 and closed_at is null) as open,
            (select count(*)::int from billing_invoices where tenant_id = $1 and status = 'paid') as paid`,
    [tenant],
  );
  expect(left).toEqual({ holds: 0, open: 0, paid: 1 });
  const sent = await books.rows<{ type: string; allows: boolean | null }>(
    `select type, (data->'allows'->>'write')::boolean as allows from outbox_events where tenant_id = $1 and type like 'account.%' order by aggregate_version`,
    [tenant],
  );
  expect(sent.map(({ type, allows }) => [type, allows])).toEqual([
    ['account.invoice_issued', null],
    ['account.entitlements_changed', null],
    ['account.access_changed', true],
    ['account.access_changed', false],
    ['account.invoice_settled', null],
    ['account.access_changed', true],
  ]);
});

it('counts a payment that is recorded twice once, and keeps the overpayment for the next invoice', async () => {
  const [tenant] = (await indebted()) as [string];
  const invoice = await invoiceOf(tenant);
  expect(await pay(books.engines, tenant, invoice, BASE + 500n, 'slip 1')).toBe(true);
  expect(await pay(books.engines, tenant, invoice, BASE + 500n, 'slip 1')).toBe(false);
  const account = async () =>
    (
      await books.rows<{ surplus_minor: string }>(`select surplus_minor from billing_accounts where tenant_id = $1`, [
        tenant,
      ])
    )[0]!.surplus_minor;
  expect(await account()).toBe('500');
  await books.run(overage, { asOf: new Date('2025-05-01T00:00:00Z'), tenant, isReplayForced: true });
  const [next] = await books.rows<{ total_minor: string }>(
    `select total_minor from billing_invoices where tenant_id = $1 and period_seq = 1`,
    [tenant],
  );
  expect(next!.total_minor).toBe(String(BASE - 500n));
  expect(await account()).toBe('0');
  const [sum] = await books.rows<{ sum: string }>(
    `select sum(amount_minor) as sum from billing_ledger_entries where tenant_id = $1`,
    [tenant],
  );
  expect(sum!.sum).toBe('0');
});

it('books a payment of a written-off debt against the loss, and not as a surplus', async () => {
  const [tenant] = (await indebted()) as [string];
  const invoice = await invoiceOf(tenant);
  const operator = new CrossTenantDatabase({
    url: books.server.url,
    role: 'basecommerce_operator',
    application: 'billing tests',
  });
  await operator.transaction((tx) => writeOffInvoice(tx, 'operator:test', { tenant, invoice, reason: 'gone' }));
  await operator.close();
  const bookedState = async () =>
    (
      await books.rows(
        `select i.status, a.surplus_minor as surplus,
                (select coalesce(sum(amount_minor), 0) from billing_ledger_entries l where l.tenant_id = i.tenant_id and account = 'bad_debt') as lost,
                (select coalesce(sum(amount_minor), 0) from billing_ledger_entries l where l.tenant_id = i.tenant_id and account = 'receivable') as receivable
           from billing_invoices i join billing_accounts a using (tenant_id) where i.id = $1`,
        [invoice],
      )
    )[0];
  expect(await bookedState()).toEqual({ status: 'uncollectible', surplus: '0', lost: String(BASE), receivable: '0' });
  await pay(books.engines, tenant, invoice, 900n);
  expect(await bookedState()).toEqual({
    status: 'uncollectible',
    surplus: '0',
    lost: String(BASE - 900n),
    receivable: '0',
  });
  await pay(books.engines, tenant, invoice, BASE - 900n + 5n);
  expect(await bookedState()).toEqual({ status: 'paid', surplus: '5', lost: '0', receivable: '0' });
});

it('opens no grace while a charge is in progress, and opens one after a decline', async () => {
  const [tenant] = (await indebted()) as [string];
  const [invoice, method, attempt] = [await invoiceOf(tenant), newId(), newId()];
  await books.rows(
    `insert into billing_payment_methods (tenant_id, id, provider, provider_ref, label, is_default, added_at) values ($1, $2, 'stripe', 'pm', 'card', true, now())`,
    [tenant, method],
  );
  await enforce(later(DAY), tenant);
  expect(await stateOf(tenant)).toBe('active');
  await books.rows(
    `insert into billing_payment_attempts (tenant_id, id, invoice_id, attempt_no, provider, method_id, amount_minor, currency, state, created_at, sent_at)
     values ($1, $2, $3, 1, 'stripe', $4, $5, 'BRL', 'unknown', $6, $6)`,
    [tenant, attempt, invoice, method, BASE, later(DAY)],
  );
  await enforce(later(20 * DAY), tenant);
  expect(await stateOf(tenant)).toBe('active');
  await books.rows(`update billing_payment_attempts set state = 'declined', decline = 'soft' where id = $1`, [attempt]);
  await enforce(later(20 * DAY + HOUR), tenant);
  expect(await stateOf(tenant)).toBe('grace');
});

it(`lets ${RACING} payments that race the pass win: no store that has paid is left suspended`, async () => {
  const tenants = await indebted(RACING);
  await enforce(later(HOUR));
  await books.rows(`update billing_notices set handed_over_at = now() where handed_over_at is null`);
  const invoices = await books.rows<{ tenant_id: string; id: string }>(
    `select tenant_id, id from billing_invoices where tenant_id = any($1) and status = 'issued'`,
    [tenants],
  );
  const now = later(HOUR + GRACE + 60_000);
  const [enforcing, paying] = [books.at(now), books.at(now)];
  const passes = (async () => {
    const events = [];
    for (let nth = 0; nth < 3; nth++)
      events.push(...(await books.run(grace, { database: enforcing, isReplayForced: true })));
    return events;
  })();
  const queue = invoices.sort((a, b) => (a.id.slice(-6) < b.id.slice(-6) ? -1 : 1));
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let next = queue.pop(); next; next = queue.pop()) await pay(paying, next.tenant_id, next.id);
    }),
  );
  const suspended = (await passes).filter(
    (event) => event.kind === 'tenant' && event.facts['access'] === 'suspended',
  ).length;
  await Promise.all([enforcing.close(), paying.close()]);
  const [counts] = await books.rows<{ active: number; paid: number; holds: number; early: number }>(
    `select (select count(*)::int from billing_accounts where tenant_id = any($1) and access_state = 'active') as active,
            (select count(*)::int from billing_invoices where tenant_id = any($1) and status = 'paid') as paid,
            (select count(*)::int from billing_access_holds where tenant_id = any($1)) as holds,
            (select count(*)::int from billing_access_transitions t join billing_access_episodes e on e.tenant_id = t.tenant_id
              where t.tenant_id = any($1) and t.to_state = 'suspended' and t.as_of < e.notice_at + interval '168 hours') as early`,
    [tenants],
  );
  printFigures(`${RACING} payments raced the pass: ${suspended} were suspended first and restored by the payment`);
  expect(counts).toEqual({ active: RACING, paid: RACING, holds: 0, early: 0 });
});
