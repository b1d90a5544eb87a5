import fc from 'fast-check';
import { dateAfter, exactAmount, firstInstantOf, halfUp, subtractBillable } from '#testing/billing/reference-model';
import { sampleSize } from '#testing/sample';
import type { Phase, PlanAssignment } from '../../plans/domain/proration.js';
import { HARD_BP, SOFT_BP } from '../../plans/domain/rating.js';
import {
  type BillingFacts,
  type BillingPlan,
  correctablePeriods,
  type KnownPeriod,
  makeInvoices,
  missingPeriods,
  nextDueAt,
  ripePeriods,
} from './billing-plan.js';
import type { Earlier, InvoiceLine, Usage } from './invoice-lines.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ZONES = ['UTC', 'America/Sao_Paulo', 'Pacific/Apia', 'America/St_Johns'];

const planOf = (
  baseMinor: bigint,
  included: bigint,
  priceMicro: bigint,
  rest: Partial<BillingPlan> = {},
): BillingPlan => ({
  ...{ id: 'plan', currency: 'BRL', baseMinor, reviewHours: 0, minimumChargeMinor: 0n },
  meters: new Map([
    ['orders', { included, priceMicro, softBp: SOFT_BP, hardBp: HARD_BP, billableFrom: 'soft' as const }],
  ]),
  ...rest,
});

/** The rows of one subscription, kept as the database keeps them. */
class Rows {
  private periods: KnownPeriod[] = [];
  private readonly phases = new Map<number, readonly Phase[]>();
  readonly invoices: { seq: number; revision: number; lines: readonly InvoiceLine[]; total: bigint }[] = [];
  private carried = 0n;
  private dueAt: Date;

  constructor(
    private readonly anchorOn: string,
    private readonly zone: string,
    private readonly assignments: readonly (PlanAssignment & { plan: BillingPlan })[],
    private readonly usage: { at: number; heardAt: number; quantity: bigint }[],
    private readonly cancelAt: Date | null = null,
  ) {
    this.dueAt = new Date(0);
  }

  pass(asOf: Date): void {
    const heard = this.usage.filter(({ heardAt }) => heardAt <= asOf.getTime());
    const late = heard.filter(({ at }) => this.periods.some((p) => p.isInvoiced && at < p.endsAt.getTime()));
    const dueAt = new Date(Math.min(this.dueAt.getTime(), ...late.map(({ at }) => at)));
    const facts: BillingFacts = {
      subscription: { id: 's', anchorOn: this.anchorOn, zone: this.zone, intervalMonths: 1, tzdbVersion: 'x' },
      cancelAt: this.cancelAt,
      hasEnded: false,
      dueAt,
      periods: this.periods,
      assignments: this.assignments,
    };
    const fresh = missingPeriods(facts, asOf).map((period) => ({ ...period, isInvoiced: false }));
    const periods = [...this.periods, ...fresh];
    const ripe = ripePeriods(facts, periods, asOf);
    const rated = [
      ...ripe.map((each) => ({ ...each, earlier: null })),
      ...correctablePeriods(facts, this.periods).map((period) => ({
        period,
        phases: this.phases.get(period.seq)!,
        earlier: this.earlier(period.seq),
      })),
    ].map((each) => ({ ...each, usage: usageIn(each.phases, heard) }));
    const made = makeInvoices(
      rated,
      { subscription: 's', suspensions: [], carried: this.carried, surplus: 0n, earlierTotals: [] },
      asOf,
    );
    for (const { period, revision, lines, total } of made.invoices)
      this.invoices.push({ seq: period.seq, revision, lines, total });
    for (const { period, phases } of ripe) this.phases.set(period.seq, phases);
    const done = new Set(ripe.map(({ period }) => period.seq));
    this.carried = made.carried;
    this.periods = periods.map((period) => (done.has(period.seq) ? { ...period, isInvoiced: true } : period));
    this.dueAt = nextDueAt(facts, this.periods) ?? new Date(8.64e15);
  }

  private earlier(seq: number): Earlier {
    const own = this.invoices.filter((invoice) => invoice.seq === seq);
    return { revision: Math.max(-1, ...own.map(({ revision }) => revision)), lines: own.flatMap(({ lines }) => lines) };
  }

  /** Minor units invoiced for each period, without carried amounts. */
  worth(): Record<number, bigint> {
    const sums: Record<number, bigint> = {};
    for (const { seq, lines } of this.invoices)
      for (const { kind, amount } of lines) if (kind !== 'carry') sums[seq] = (sums[seq] ?? 0n) + amount;
    return sums;
  }

  get total(): bigint {
    return this.invoices.reduce((sum, { total }) => sum + total, 0n) + this.carried;
  }

  get isDone(): boolean {
    return this.dueAt.getTime() === 8.64e15;
  }
}

function usageIn(phases: readonly Phase[], heard: readonly { at: number; quantity: bigint }[]): Usage[] {
  return phases.flatMap(({ index, startsAt, endsAt }) =>
    heard
      .filter(({ at }) => at >= startsAt.getTime() && at < endsAt.getTime())
      .map(({ quantity }) => ({ phase: index, meter: 'orders', quantity })),
  );
}

const history = fc.record({
  zone: fc.constantFrom(...ZONES),
  anchorDay: fc.integer({ min: 1, max: 31 }),
  base: fc.bigInt({ min: 0n, max: 50_000n }),
  included: fc.bigInt({ min: 0n, max: 40n }),
  priceMicro: fc.bigInt({ min: 0n, max: 3_000_000n }),
  reviewHours: fc.constantFrom(0, 1, 24, 72),
  minimum: fc.constantFrom(0n, 1n, 20_000n),
  usage: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 150 * 24 * 60 }),
      // Minutes until billing receives the usage: mostly seconds, sometimes weeks.
      delay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 34 * 24 * 60 })),
      quantity: fc.bigInt({ min: 1n, max: 30n }),
    }),
    { maxLength: 25 },
  ),
  ticks: fc.array(fc.integer({ min: 0, max: 190 * 24 * 60 }), { maxLength: 30 }),
});

const MINUTE = 60_000;
const LAST = 190 * 24 * 60;

function rowsOf(facts: (typeof history)['generate'] extends (...args: never[]) => { value: infer V } ? V : never) {
  const { zone, anchorDay, usage } = facts;
  const anchorOn = `2025-01-${String(anchorDay).padStart(2, '0')}`;
  const start = firstInstantOf(dateAfter(anchorOn, 0), zone);
  const plan = planOf(facts.base, facts.included, facts.priceMicro, {
    reviewHours: facts.reviewHours,
    minimumChargeMinor: facts.minimum,
  });
  const heard = usage.map(({ at, delay, quantity }) => ({
    at: start + at * MINUTE,
    heardAt: start + (at + delay) * MINUTE,
    quantity,
  }));
  const rows = new Rows(anchorOn, zone, [{ plan, from: new Date(start), to: null }], heard);
  return { rows, heard, start, anchorOn, plan };
}

it('invoices the worth of all usage of each period, for any number and times of runs', () => {
  fc.assert(
    fc.property(history, (facts) => {
      const { rows, heard, start, anchorOn, plan } = rowsOf(facts);
      const ticks = [...facts.ticks, LAST].sort((a, b) => a - b).map((minute) => new Date(start + minute * MINUTE));
      for (const tick of ticks) rows.pass(tick);
      const last = ticks.at(-1)!.getTime();
      const worth = rows.worth();
      for (let seq = 0; ; seq++) {
        const startsAt = firstInstantOf(dateAfter(anchorOn, seq), facts.zone);
        const endsAt = firstInstantOf(dateAfter(anchorOn, seq + 1), facts.zone);
        if (endsAt + facts.reviewHours * HOUR > last) {
          expect(worth[seq]).toBeUndefined();
          break;
        }
        const used = heard
          .filter(({ at }) => at >= startsAt && at < endsAt)
          .reduce((sum, { quantity }) => sum + quantity, 0n);
        const units = subtractBillable(plan.meters.get('orders')!, used);
        expect(worth[seq] ?? 0n).toBe(facts.base + halfUp(exactAmount(units, facts.priceMicro)));
      }
    }),
    RUNS,
  );
});

it('invoices the same total for one run and for many runs', () => {
  fc.assert(
    fc.property(history, (facts) => {
      const [once, often] = [rowsOf(facts), rowsOf(facts)];
      once.rows.pass(new Date(once.start + LAST * MINUTE));
      for (const minute of [...facts.ticks, LAST].sort((a, b) => a - b))
        often.rows.pass(new Date(often.start + minute * MINUTE));
      expect(often.rows.total).toBe(once.rows.total);
    }),
    RUNS,
  );
});

it('adds nothing when it runs again without new facts', () => {
  fc.assert(
    fc.property(history, (facts) => {
      const { rows, start } = rowsOf(facts);
      for (const minute of [...facts.ticks, LAST].sort((a, b) => a - b)) rows.pass(new Date(start + minute * MINUTE));
      const before = rows.invoices.length;
      rows.pass(new Date(start + LAST * MINUTE));
      rows.pass(new Date(start + LAST * MINUTE + HOUR));
      expect(rows.invoices).toHaveLength(before);
    }),
    RUNS,
  );
});

it('begins no period after a cancellation, and bills the last period whole', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 120 * 24 }),
      fc.array(fc.integer({ min: 0, max: 160 * 24 }), { maxLength: 10 }),
      (hours, ticks) => {
        const start = Date.UTC(2025, 0, 31);
        const cancelAt = new Date(start + hours * HOUR);
        const plan = planOf(1_000n, 0n, 0n);
        const rows = new Rows('2025-01-31', 'UTC', [{ plan, from: new Date(start), to: null }], [], cancelAt);
        for (const hour of [...ticks, 170 * 24].sort((a, b) => a - b)) rows.pass(new Date(start + hour * HOUR));
        let periods = 0;
        while (dateAfter('2025-01-31', periods) < cancelAt.getTime()) periods += 1;
        expect(rows.invoices).toHaveLength(periods);
        expect(rows.isDone).toBe(true);
      },
    ),
    RUNS,
  );
});

describe('a surplus', () => {
  const period = { seq: 0, startsAt: new Date(0), endsAt: new Date(30 * DAY), zone: 'UTC', tzdbVersion: 'x' };
  const phases = (plan: BillingPlan): Phase[] => [
    { index: 0, plan, startsAt: period.startsAt, endsAt: period.endsAt, days: 30, daysOfPeriod: 30 },
  ];

  it('pays invoices until it is used up, and never leaves less than the minimum charge', () => {
    const amount = fc.bigInt({ min: 0n, max: 5_000n });
    fc.assert(
      fc.property(amount, amount, amount, (base, surplus, minimum) => {
        const plan = planOf(base, 0n, 0n, { minimumChargeMinor: minimum });
        const made = makeInvoices(
          [{ period, phases: phases(plan), usage: [], earlier: null }],
          { subscription: 's', suspensions: [], carried: 0n, surplus, earlierTotals: [] },
          period.endsAt,
        );
        const [invoice] = made.invoices;
        expect(invoice!.total + invoice!.surplusUsed + made.carried).toBe(base);
        expect(made.surplus + invoice!.surplusUsed).toBe(surplus);
        expect(made.surplus).toBeGreaterThanOrEqual(0n);
        expect(invoice!.total === 0n || invoice!.total >= minimum).toBe(true);
      }),
      RUNS,
    );
  });
});
