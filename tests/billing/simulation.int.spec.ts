/**
 * Many tenants over fourteen months, billed by five copies of the pass at a time, many of which are killed, with usage that
 * keeps coming late; compared with a model that has no rows, no passes and no crashes.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import {
  dateAfter,
  exactAmount,
  firstInstantOf,
  halfUp,
  payable,
  subtractBillable,
} from '#testing/billing/reference-model';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { HARD_BP, type Meter, SOFT_BP } from '../../libs/engines/billing/plans/domain/rating.js';
import { Books } from './books.js';

const TENANTS = sampleSize(120, 1_000);
const MONTHS = 14;
const COPIES = 5;
const KILLS = sampleSize(21, 100);
/** In one of this number of months, five copies also run to their end. */
const UNDISTURBED_EVERY = 5;
/** A copy has finished, has left out tenants that another copy worked on (exit code 75), or was killed. */
const ENDS: readonly (number | 'killed')[] = [0, 75, 'killed'];
const USES_A_MONTH = 6;
const DAY = 86_400_000;
const SEED = 20_261_121;
const ZONES = [
  'UTC',
  'America/Sao_Paulo',
  'America/New_York',
  'Europe/Lisbon',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Africa/Casablanca',
  'Asia/Kathmandu',
];
const PLANS = [
  {
    base: 9_900n,
    meters: { orders: { included: 50n, priceMicro: 500_000n }, quotes: { included: 10n, priceMicro: 33_333_333n } },
  },
  {
    base: 19_900n,
    meters: { orders: { included: 101n, priceMicro: 10_000_000n }, api_calls: { included: 333n, priceMicro: 1_234n } },
  },
  { base: 0n, meters: { orders: { included: 0n, priceMicro: 999_999n, billableFrom: 'included' } } },
];

/** Small, seeded and good enough for choosing (Marsaglia, xorshift32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const random = randomFrom(SEED);
let books: Books;
beforeAll(async () => {
  books = await Books.open();
});
afterAll(() => books.close());

interface Tenant {
  readonly tenant: string;
  readonly plan: (typeof PLANS)[number];
  readonly zone: string;
  readonly anchorOn: string;
  readonly uses: { meter: string; at: number; heardAt: number; quantity: bigint }[];
}

async function makeTenants(): Promise<Tenant[]> {
  const plans = await Promise.all(PLANS.map((plan) => books.plan(plan)));
  const facts = Array.from({ length: TENANTS }, () => {
    const anchorOn = `2025-01-${String(1 + random(31)).padStart(2, '0')}`;
    const zone = ZONES[random(ZONES.length)]!;
    return {
      anchorOn,
      zone,
      nth: random(PLANS.length),
      startsAt: new Date(firstInstantOf(dateAfter(anchorOn, 0), zone)),
    };
  });
  const made = await books.tenants(facts.map((each) => ({ ...each, plan: plans[each.nth]! })));
  return made.map(({ tenant }, place) => {
    const { anchorOn, zone, nth, startsAt } = facts[place]!;
    const plan = PLANS[nth]!;
    const meters = Object.keys(plan.meters);
    const uses = Array.from({ length: MONTHS * USES_A_MONTH }, () => {
      const at = startsAt.getTime() + random(MONTHS * 30 * 86_400) * 1_000;
      // One in eight arrives up to a month later.
      const heardAt = at + (random(8) === 0 ? random(30 * 86_400) * 1_000 : 0);
      return { meter: meters[random(meters.length)]!, at, heardAt, quantity: BigInt(1 + random(40)) };
    });
    return { tenant, plan, zone, anchorOn, uses };
  });
}

/** Runs a copy; `killAfterMs` counts from the time at which it works. */
async function copy(asOf: Date, killAfterMs?: number): Promise<number | 'killed'> {
  const file = path.join(process.cwd(), 'tests/billing/processes/pass.mjs');
  const child = spawn(process.execPath, [file, JSON.stringify({ databaseUrl: books.server.url, asOf })], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const ended = new Promise<number | 'killed'>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal === 'SIGKILL' ? 'killed' : (code ?? 1))),
  );
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'working' && killAfterMs !== undefined) void pause(killAfterMs).then(() => child.kill('SIGKILL'));
    if (line.startsWith('parked')) throw new Error(line);
  });
  return ended;
}

/** The expected worth of every closed period of a tenant, from the plan and the received usage alone. */
function expected({ plan, zone, anchorOn, uses }: Tenant, asOf: number): bigint[] {
  const amounts: bigint[] = [];
  for (let month = 0; ; month++) {
    const [from, to] = [0, 1].map((more) => firstInstantOf(dateAfter(anchorOn, month + more), zone)) as [
      number,
      number,
    ];
    if (to > asOf) return amounts;
    let amount = plan.base;
    for (const [meter, terms] of Object.entries(plan.meters) as [
      string,
      { included: bigint; priceMicro: bigint; billableFrom?: 'included' },
    ][]) {
      const used = uses
        .filter((use) => use.meter === meter && use.at >= from && use.at < to && use.heardAt <= asOf)
        .reduce((sum, use) => sum + use.quantity, 0n);
      const agreed: Meter = { ...terms, softBp: SOFT_BP, hardBp: HARD_BP, billableFrom: terms.billableFrom ?? 'soft' };
      const units = subtractBillable(agreed, meter === 'api_calls' ? payable(agreed, used) : used);
      amount += halfUp(exactAmount(units, terms.priceMicro));
    }
    amounts.push(amount);
  }
}

it('bills every tenant for fourteen months to the minor unit, whichever copies were killed in between', async () => {
  const tenants = await makeTenants();
  const first = Date.parse('2025-02-01T00:00:00Z');
  let [kills, heardUntil, copies] = [0, 0, 0];
  const months = Array.from({ length: MONTHS }, (_, month) => new Date(first + (month + 1) * 30.5 * DAY));
  for (const [month, asOf] of months.entries()) {
    const news = tenants.flatMap(({ tenant, uses }) =>
      uses
        .filter(({ heardAt }) => heardAt > heardUntil && heardAt <= asOf.getTime())
        .map((use) => ({ ...use, tenant, at: new Date(use.at) })),
    );
    if (news.length > 0) await books.use(news);
    heardUntil = asOf.getTime();
    const wanted = Math.ceil((KILLS * (month + 1)) / MONTHS);
    for (let patienceMs = 350; kills < wanted;) {
      const outcomes = await Promise.all(Array.from({ length: COPIES }, () => copy(asOf, random(patienceMs))));
      expect(outcomes.filter((outcome) => !ENDS.includes(outcome))).toEqual([]);
      kills += outcomes.filter((outcome) => outcome === 'killed').length;
      copies += COPIES;
      // Where all five copies finished before they could be killed, the next five are killed earlier.
      if (outcomes.every((outcome) => outcome !== 'killed')) patienceMs = Math.max(1, Math.floor(patienceMs / 2));
    }
    // The next copies take the tenants that were left out because another copy worked on them.
    if (month % UNDISTURBED_EVERY === 0) await Promise.all(Array.from({ length: COPIES }, () => copy(asOf)));
    copies += month % UNDISTURBED_EVERY === 0 ? COPIES + 1 : 1;
    expect(await copy(asOf)).toBe(0);
  }
  const rows = await books.rows<{ tenant_id: string; seq: number; amount: string; waiting: number }>(
    `select i.tenant_id, i.period_seq as seq, sum(l.amount_minor) as amount, count(*) filter (where i.status = 'needs_approval')::int as waiting
       from billing_invoices i join billing_invoice_lines l on l.tenant_id = i.tenant_id and l.invoice_id = i.id group by 1, 2 order by 1, 2`,
  );
  const billed = new Map<string, bigint[]>();
  for (const { tenant_id: tenant, amount } of rows) billed.set(tenant, [...(billed.get(tenant) ?? []), BigInt(amount)]);
  let [periods, total, wrong] = [0, 0n, 0];
  for (const tenant of tenants) {
    const amounts = expected(tenant, heardUntil);
    periods += amounts.length;
    total += amounts.reduce((sum, amount) => sum + amount, 0n);
    if (String(billed.get(tenant.tenant) ?? []) !== String(amounts)) wrong += 1;
  }
  const [books_] = await books.rows<{ numbers: number; highest: string; ledger: string; twice: number }>(
    `select count(number)::int as numbers, max(number) as highest, (select sum(amount_minor) from billing_ledger_entries) as ledger,
            (select count(*)::int from (select 1 from billing_invoice_lines group by tenant_id, line_key having count(*) > 1) d) as twice
       from billing_invoices`,
  );
  printFigures(
    `copies ${copies}, killed ${kills}; periods ${periods}, minor units ${total}; tenants billed wrong ${wrong}, lines twice ${books_!.twice}`,
  );
  expect(wrong).toBe(0);
  expect(kills).toBeGreaterThanOrEqual(KILLS);
  expect(books_).toEqual({ numbers: Number(books_!.highest), highest: books_!.highest, ledger: '0', twice: 0 });
}, 3_600_000);
