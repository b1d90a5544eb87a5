/** Every reader gets the same balance of an invoice, with any payments, credits and write-offs. */
import pg from 'pg';
import { newId } from '#kernel';
import { sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { accessOverview } from '../access/data/access-overview.js';
import { readAccess } from '../access/data/access.js';
import { noticeFacts } from '../collection/notices/notice-facts.js';
import { invoiceRow } from './data/invoice-rows.js';
import { balanceOf } from './data/invoices.js';

const TOTAL = 10_000n;
const PLAN = newId();

let database: TestDatabase;
let owner: pg.Client;
let engines: CrossTenantDatabase;
let lastNumber = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  engines = new CrossTenantDatabase({ url: database.url, application: 'balance-spec', role: 'basecommerce_engines' });
  await owner.query(`
    insert into billing_plan_versions (id, code, version, currency, base_minor, interval_months, created_at, created_by)
    values ('${PLAN}', 'standard', 1, 'BRL', ${TOTAL}, 1, now(), 'spec')`);
});

afterAll(async () => {
  await engines.close();
  await owner.end();
  await database.drop();
});

type Entry = readonly [kind: string, amount: bigint];

interface Expected {
  readonly paid: bigint;
  readonly credited: bigint;
  readonly writtenOff: bigint;
  readonly owed: bigint;
}

const CASES: readonly (readonly [
  name: string,
  facts: readonly Entry[],
  notes: readonly Entry[],
  expected: Expected,
])[] = [
  ['nothing has happened', [], [], { paid: 0n, credited: 0n, writtenOff: 0n, owed: TOTAL }],
  ['a part was paid', [['payment', 4_000n]], [], { paid: 4_000n, credited: 0n, writtenOff: 0n, owed: 6_000n }],
  [
    'paid, and a part refunded',
    [
      ['payment', TOTAL],
      ['refund', 2_500n],
    ],
    [],
    { paid: 7_500n, credited: 0n, writtenOff: 0n, owed: 2_500n },
  ],
  [
    'a surplus was refunded, which is no part of the invoice any more',
    [
      ['payment', 12_000n],
      ['surplus', 2_000n],
      ['surplus_refund', 2_000n],
    ],
    [],
    { paid: TOTAL, credited: 0n, writtenOff: 0n, owed: 0n },
  ],
  ['a dispute', [['dispute', 3_000n]], [], { paid: -3_000n, credited: 0n, writtenOff: 0n, owed: 13_000n }],
  ['credited in part', [], [['credit', 1_500n]], { paid: 0n, credited: 1_500n, writtenOff: 0n, owed: 8_500n }],
  ['written off', [], [['write_off', TOTAL]], { paid: 0n, credited: 0n, writtenOff: TOTAL, owed: 0n }],
  [
    'a part was paid after the write-off: the write-off is smaller by it, and nothing was paid too much',
    [['payment', 4_000n]],
    [['write_off', TOTAL]],
    { paid: 4_000n, credited: 0n, writtenOff: 6_000n, owed: 0n },
  ],
  [
    'all was paid after the write-off, and more',
    [['payment', 11_000n]],
    [['write_off', TOTAL]],
    { paid: 11_000n, credited: 0n, writtenOff: 0n, owed: -1_000n },
  ],
  [
    'credited after a part was written off',
    [['payment', 5_000n]],
    [
      ['write_off', 5_000n],
      ['credit', 2_000n],
    ],
    { paid: 5_000n, credited: 2_000n, writtenOff: 3_000n, owed: 0n },
  ],
  [
    'owed again after a refund, beyond what was written off',
    [
      ['payment', 6_000n],
      ['refund', 6_000n],
    ],
    [['write_off', 4_000n]],
    { paid: 0n, credited: 0n, writtenOff: 4_000n, owed: 6_000n },
  ],
];

describe.each(CASES)('%s', (_, facts, notes, expected) => {
  it('is the same for every reader', async () => {
    const { tenant, invoice, episode } = await seed(facts, notes);
    const { paid, credited, writtenOff, owed } = expected;
    const pastDue = owed > 0n ? owed : 0n;
    await engines.transaction(async (tx) => {
      const asOf = await tx.now();
      expect(await balanceOf(tx, tenant, invoice)).toMatchObject({ paid, credited, writtenOff, owed });
      expect(await tx.first(invoiceRow({ id: invoice }))).toMatchObject({
        paid,
        credited: credited + writtenOff,
        owed,
      });
      expect((await readAccess(tx, tenant, asOf))?.pastDue).toBe(pastDue);
      expect((await tx.first(accessOverview(tenant)))?.past_due).toBe(pastDue);
      const notice = await noticeFacts(tx, { tenant, episode, step: 'opened' }, undefined);
      expect(notice.invoices.map((one) => one.owed)).toEqual(pastDue > 0n ? [pastDue] : []);
    });
  });
});

it('is planned as a part of the statement that asks', async () => {
  const plan = await engines.query<{ 'QUERY PLAN': string }>(sql`
    explain select balance.owed from billing_invoices i
     cross join lateral app.billing_balance(i.tenant_id, i.id, i.total_minor) as balance
     where i.tenant_id = ${newId()} and i.status = 'issued'`);
  const text = plan.map((line) => line['QUERY PLAN']).join('\n');
  expect(text).not.toContain('Function Scan');
  expect(text).toContain('billing_payment_facts');
});

async function seed(facts: readonly Entry[], notes: readonly Entry[]) {
  const [tenant, subscription, invoice, episode] = [newId(), newId(), newId(), newId()];
  const number = (lastNumber += 1);
  const start = `now() - interval '40 days'`;
  const issued = `now() - interval '10 days'`;
  await owner.query(`
    begin;
    insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency)
    values ('${tenant}', '${tenant.slice(-12)}', 'Store', 'pt-BR', 'America/Sao_Paulo', 'BRL');
    insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
    values ('${tenant}', '${subscription}', '2026-01-01', 1, ${start}, ${issued});
    insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version, is_invoiced)
    values ('${tenant}', '${subscription}', 0, ${start}, ${issued}, 'America/Sao_Paulo', '2026b', true);
    insert into billing_invoices (tenant_id, id, subscription_id, period_seq, revision, status, currency, total_minor, number, issued_at, due_at, created_at)
    values ('${tenant}', '${invoice}', '${subscription}', 0, 0, 'issued', 'BRL', ${TOTAL}, ${number}, ${issued}, ${issued}, ${issued});
    insert into billing_invoice_lines (tenant_id, invoice_id, line_no, line_key, kind, quantity, price_micro, amount_minor)
    values ('${tenant}', '${invoice}', 1, 'base', 'base', 1, ${TOTAL}000000, ${TOTAL});
    insert into billing_access_episodes (tenant_id, id, opened_at, notice_at) values ('${tenant}', '${episode}', ${issued}, ${issued});
    commit`);
  for (const [kind, amount] of facts)
    await owner.query(`
      insert into billing_payment_facts (tenant_id, id, invoice_id, kind, amount_minor, provider, provider_id, means, at, recorded_at, actor)
      values ('${tenant}', '${newId()}', '${invoice}', '${kind}', ${amount}, 'manual', '${newId()}', 'transfer', now(), now(), 'spec')`);
  for (const [kind, amount] of notes)
    await owner.query(`
      insert into billing_credit_notes (tenant_id, id, invoice_id, number, kind, amount_minor, at, actor, reason)
      values ('${tenant}', '${newId()}', '${invoice}', ${(lastNumber += 1)}, '${kind}', ${amount}, now(), 'spec', 'spec')`);
  return { tenant, invoice, episode };
}
