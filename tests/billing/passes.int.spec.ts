/** The billing pass on real rows: its bills, which do not depend on how often, when or how many times at once it runs. */
import { BILLING_PASSES } from '#engines/billing/worker';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { Books } from './books.js';

const overage = BILLING_PASSES.find(({ name }) => name === 'billing-overage')!;
/** R$ 0.10 in millionths of a cent. */
const TEN_CENTS = 10_000_000n;
const DAY = 86_400_000;
const STANDARD = { base: 19_900n, meters: { orders: { included: 1_000n, priceMicro: TEN_CENTS } } };

let books: Books;
beforeAll(async () => {
  books = await Books.open();
});
afterAll(() => books.close());

const at = (text: string) => new Date(text);
const spread = (tenant: string, quantity: number, from: Date, to: Date) =>
  Array.from({ length: quantity }, (_, nth) => ({
    tenant,
    meter: 'orders',
    at: new Date(from.getTime() + Math.floor(((to.getTime() - from.getTime()) * nth) / quantity)),
  }));

interface InvoiceRow {
  period_seq: number;
  revision: number;
  status: string;
  total_minor: string;
  number: string | null;
}
const invoicesOf = (tenant: string) =>
  books.rows<InvoiceRow>(
    `select period_seq, revision, status, total_minor, number from billing_invoices where tenant_id = $1 order by period_seq, revision`,
    [tenant],
  );
const totals = async (tenant: string) => (await invoicesOf(tenant)).map(({ total_minor: total }) => Number(total));

async function expectNoGaps(): Promise<void> {
  const [row] = await books.rows<{ count: string; highest: string; last: string }>(
    `select count(number) as count, coalesce(max(number), 0) as highest, (select last from billing_series where name = 'invoice') as last from billing_invoices`,
  );
  expect(row!.highest).toBe(row!.count);
  expect(row!.last).toBe(row!.count);
}

it.each([
  [1_000, 19_900],
  [1_200, 19_900],
  [1_201, 19_910],
  [1_500, 22_900],
])(
  'bills %i orders at a plan of 1,000 with %i cents: free up to a fifth above it, then by the piece',
  async (used, total) => {
    const plan = await books.plan(STANDARD);
    const { tenant } = await books.tenant({ startsAt: at('2025-01-01T00:00:00Z'), plan });
    await books.use(spread(tenant, used, at('2025-01-01T00:00:00Z'), at('2025-02-01T00:00:00Z')));
    await books.run(overage, { asOf: at('2025-02-01T00:00:00Z'), tenant, isReplayForced: true });
    expect(await totals(tenant)).toEqual([total]);
  },
);

it('counts an event by its time: the last millisecond of a month is that month’s, the next one is not', async () => {
  const plan = await books.plan({ base: 0n, meters: { orders: { included: 0n, priceMicro: 1_000_000_000n } } });
  const { tenant } = await books.tenant({ zone: 'America/Sao_Paulo', startsAt: at('2025-01-01T03:00:00Z'), plan });
  await books.use(
    ['2025-02-01T02:59:59.999Z', '2025-02-01T03:00:00.000Z', '2025-02-01T03:00:00.001Z'].map((text) => ({
      tenant,
      meter: 'orders',
      at: at(text),
    })),
  );
  // Nothing is free above an allowance of zero, and no usage is accepted either; usage that happened is still billed.
  await books.run(overage, { asOf: at('2025-03-02T00:00:00Z'), tenant, isReplayForced: true });
  expect(await totals(tenant)).toEqual([1_000, 2_000]);
});

it('bills every closed period once, however late it runs, and does not bill the running period', async () => {
  const plan = await books.plan(STANDARD);
  const { tenant } = await books.tenant({ startsAt: at('2025-01-31T00:00:00Z'), plan });
  await books.use(spread(tenant, 14 * 1_400, at('2025-01-31T00:00:00Z'), at('2026-03-31T00:00:00Z')));
  const options = { asOf: at('2026-04-10T00:00:00Z'), tenant, isReplayForced: true };
  await books.run(overage, options);
  const first = await invoicesOf(tenant);
  expect(first).toHaveLength(14);
  await books.run(overage, options);
  expect(await invoicesOf(tenant)).toEqual(first);
  await expectNoGaps();
});

it('makes the same bills whether it runs every day, at odd hours, or once', async () => {
  const plan = await books.plan({ ...STANDARD, reviewHours: 24 });
  const usage = (tenant: string) => spread(tenant, 4_321, at('2025-01-15T00:00:00Z'), at('2025-04-15T00:00:00Z'));
  const schedules = {
    once: ['2025-04-20T00:00:00Z'],
    daily: Array.from({ length: 96 }, (_, day) =>
      new Date(at('2025-01-15T01:00:00Z').getTime() + day * DAY).toISOString(),
    ),
    odd: [
      '2025-01-15T00:00:01Z',
      '2025-02-28T23:59:59Z',
      '2025-03-16T00:00:00Z',
      '2025-03-16T00:00:00Z',
      '2025-04-20T00:00:00Z',
    ],
  };
  const bills = new Map<string, unknown>();
  for (const [name, ticks] of Object.entries(schedules)) {
    const { tenant } = await books.tenant({ startsAt: at('2025-01-15T00:00:00Z'), plan });
    await books.use(usage(tenant));
    for (const tick of ticks) await books.run(overage, { asOf: at(tick), tenant, isReplayForced: true });
    bills.set(
      name,
      (await invoicesOf(tenant)).map(({ number: _, ...rest }) => rest),
    );
  }
  expect(bills.get('daily')).toEqual(bills.get('once'));
  expect(bills.get('odd')).toEqual(bills.get('once'));
  expect(bills.get('once')).toHaveLength(3);
});

it('corrects a period by the worth of late usage, and only then', async () => {
  const plan = await books.plan(STANDARD);
  const { tenant } = await books.tenant({ startsAt: at('2025-01-01T00:00:00Z'), plan });
  await books.use(spread(tenant, 1_300, at('2025-01-01T00:00:00Z'), at('2025-02-01T00:00:00Z')));
  const run = (text: string) => books.run(overage, { asOf: at(text), tenant, isReplayForced: true });
  await run('2025-02-01T00:00:00Z');
  await run('2025-02-03T00:00:00Z');
  expect(await totals(tenant)).toEqual([20_900]);
  await books.use(spread(tenant, 50, at('2025-01-30T00:00:00Z'), at('2025-01-31T00:00:00Z')));
  await run('2025-02-04T00:00:00Z');
  await run('2025-02-05T00:00:00Z');
  expect(await invoicesOf(tenant)).toMatchObject([
    { period_seq: 0, revision: 0, total_minor: '20900' },
    { period_seq: 0, revision: 1, total_minor: '500', status: 'issued' },
  ]);
});

it('leaves usage that comes more than five weeks late to a person’s decision', async () => {
  const plan = await books.plan(STANDARD);
  const { tenant } = await books.tenant({ startsAt: at('2025-01-01T00:00:00Z'), plan });
  await books.run(overage, { asOf: at('2025-03-20T00:00:00Z'), tenant, isReplayForced: true });
  await books.use(spread(tenant, 1_250, at('2025-01-10T00:00:00Z'), at('2025-01-11T00:00:00Z')));
  await books.run(overage, { asOf: at('2025-03-21T00:00:00Z'), tenant, isReplayForced: true });
  expect((await invoicesOf(tenant)).filter(({ revision }) => revision === 1)).toMatchObject([
    { period_seq: 0, status: 'needs_approval', total_minor: '500', number: null },
  ]);
});

it('carries an amount that is too small to charge to the next invoice', async () => {
  const plan = await books.plan({ base: 30n, minimumCharge: 100n, meters: {} });
  const { tenant } = await books.tenant({ startsAt: at('2025-01-01T00:00:00Z'), plan });
  await books.run(overage, { asOf: at('2025-05-01T00:00:00Z'), tenant, isReplayForced: true });
  expect(await totals(tenant)).toEqual([0, 0, 0, 120]);
  expect((await invoicesOf(tenant)).map(({ status }) => status)).toEqual(['paid', 'paid', 'paid', 'issued']);
});

it('makes every bill once when five copies run at once, and leaves no gap in the numbers', async () => {
  const plan = await books.plan(STANDARD);
  const made = await books.tenants(Array.from({ length: 60 }, () => ({ startsAt: at('2025-01-01T00:00:00Z'), plan })));
  await books.use(
    made.flatMap(({ tenant }) => spread(tenant, 40, at('2025-01-01T00:00:00Z'), at('2025-06-01T00:00:00Z'))),
  );
  const copies: CrossTenantDatabase[] = Array.from({ length: 5 }, () => books.at(new Date()));
  const asOf = at('2025-06-01T00:00:00Z');
  await Promise.all(copies.map((database) => books.run(overage, { asOf, database, isReplayForced: true })));
  // The next run takes the tenants that a copy found locked.
  await books.run(overage, { asOf, isReplayForced: true });
  await Promise.all(copies.map((database) => database.close()));
  const [row] = await books.rows<{ invoices: number; total: string }>(
    `select count(*)::int as invoices, sum(total_minor) as total from billing_invoices where tenant_id = any($1)`,
    [made.map(({ tenant }) => tenant)],
  );
  expect(row).toEqual({ invoices: 300, total: String(300 * 19_900) });
  await expectNoGaps();
});

it('shows in a dry run the results of a real run, and keeps no rows', async () => {
  const plan = await books.plan(STANDARD);
  const { tenant } = await books.tenant({ startsAt: at('2025-01-01T00:00:00Z'), plan });
  await books.use(spread(tenant, 1_321, at('2025-01-01T00:00:00Z'), at('2025-02-01T00:00:00Z')));
  const before = await books.decided();
  const options = { asOf: at('2025-03-01T00:00:00Z'), tenant, isReplayForced: true };
  const dry = await books.run(overage, { ...options, isDryRun: true });
  expect(await books.decided()).toBe(before);
  const real = await books.run(overage, options);
  const shown = (events: typeof dry) =>
    JSON.parse(JSON.stringify(events).replaceAll('"dry_run":true', '"dry_run":false'));
  expect(shown(dry)).toEqual(shown(real));
  expect(await totals(tenant)).toEqual([21_110, 19_900]);
});

it('parks a tenant whose facts contradict each other, and bills the others without a difference', async () => {
  const [reais, dollars] = [await books.plan(STANDARD), await books.plan(STANDARD)];
  await books.rows(`alter table billing_plan_versions disable trigger all`);
  await books.rows(`update billing_plan_versions set currency = 'USD' where id = $1`, [dollars]);
  const [broken, sound] = await books.tenants([
    { startsAt: at('2025-01-01T00:00:00Z'), plan: reais },
    { startsAt: at('2025-01-01T00:00:00Z'), plan: reais },
  ]);
  await books.rows(
    `insert into billing_plan_assignments (tenant_id, subscription_id, from_at, plan_id, assigned_at, assigned_by) values ($1, $2, '2025-01-15', $3, now(), 'test')`,
    [broken!.tenant, broken!.subscription, dollars],
  );
  const events = await books.run(overage, { asOf: at('2025-02-01T00:00:00Z'), isReplayForced: true });
  expect(events.filter(({ kind }) => kind === 'parked')).toMatchObject([
    { tenant: broken!.tenant, reason: expect.stringContaining('currencies') },
  ]);
  expect(await totals(sound!.tenant)).toEqual([19_900]);
  expect(await totals(broken!.tenant)).toEqual([]);
  const again = await books.run(overage, { asOf: at('2025-02-02T00:00:00Z'), isReplayForced: true });
  expect(again.filter(({ kind }) => kind === 'parked')).toEqual([]);
});

it('refuses a future instant, and an instant before the last run unless it is forced', async () => {
  await expect(books.run(overage, { asOf: new Date(Date.now() + DAY) })).rejects.toMatchObject({
    code: 'as_of_in_the_future',
  });
  const earlier = { asOf: at('2024-01-01T00:00:00Z') };
  await expect(books.run(overage, earlier)).rejects.toMatchObject({ code: 'as_of_before_last_run' });
  await expect(books.run(overage, { ...earlier, isReplayForced: true })).resolves.toBeDefined();
});

it('keeps an issued invoice, its lines and the ledger unchanged for every role', async () => {
  const plan = await books.plan(STANDARD);
  const { tenant } = await books.tenant({ startsAt: at('2025-01-01T00:00:00Z'), plan });
  await books.run(overage, { asOf: at('2025-02-01T00:00:00Z'), tenant, isReplayForced: true });
  const [{ id }] = (await books.rows<{ id: string }>(`select id from billing_invoices where tenant_id = $1`, [
    tenant,
  ])) as [{ id: string }];
  await expect(books.rows(`update billing_invoices set total_minor = 1 where id = $1`, [id])).rejects.toThrow(
    'cannot be changed',
  );
  await expect(
    books.rows(
      `insert into billing_invoice_lines (tenant_id, invoice_id, line_no, line_key, kind, quantity, price_micro, amount_minor) values ($1, $2, 99, 'x', 'base', 1, 1, 1)`,
      [tenant, id],
    ),
  ).rejects.toThrow('do not make its total');
  await expect(
    books.rows(
      `insert into billing_ledger_entries (tenant_id, ref, entry_no, account, amount_minor, currency, at) values ($1, 'x', 1, 'cash', 5, 'BRL', now())`,
      [tenant],
    ),
  ).rejects.toThrow('do not sum to zero');
  const [sum] = await books.rows<{ sum: string; refs: number }>(
    `select sum(amount_minor) as sum, count(distinct ref)::int as refs from billing_ledger_entries where tenant_id = $1`,
    [tenant],
  );
  expect(sum).toEqual({ sum: '0', refs: 1 });
});
