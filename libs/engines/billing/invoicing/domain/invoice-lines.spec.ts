import fc from 'fast-check';
import { Money } from '#kernel';
import {
  ceilOf,
  exactAmount,
  fraction,
  halfUp,
  handOut,
  payable,
  subtractBillable,
} from '#testing/billing/reference-model';
import { sampleSize } from '#testing/sample';
import type { Phase } from '../../plans/domain/proration.js';
import { amountOf, ceilingOf, HARD_BP, limitsOf, type Meter, type Plan, SOFT_BP } from '../../plans/domain/rating.js';
import { draftInvoice, type InvoiceFacts, type InvoiceLine, type Usage } from './invoice-lines.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const HUGE = 2n ** 62n;
const PERIOD = { seq: 4, startsAt: new Date('2026-06-01T03:00:00Z'), endsAt: new Date('2026-07-01T03:00:00Z') };
const NAMES = ['orders', 'quotes', 'api_calls'];

const meterOf = (included: bigint, priceMicro: bigint): Meter => ({
  ...{ included, priceMicro, softBp: SOFT_BP, hardBp: HARD_BP },
  billableFrom: 'soft',
});
const planOf = (id: string, baseMinor: bigint, meters: Readonly<Record<string, Meter>> = {}): Plan => ({
  ...{ id, baseMinor, currency: 'BRL' },
  meters: new Map(Object.entries(meters)),
});
const phasesOver = (daysOfPeriod: number, ...parts: (readonly [Plan, number])[]): Phase[] =>
  parts.map(([plan, days], index) => ({
    ...{ index, plan, days, daysOfPeriod },
    ...{ startsAt: PERIOD.startsAt, endsAt: PERIOD.endsAt },
  }));

const GROW = planOf('grow-1', 9_900n, { orders: meterOf(1_000n, 500_000n), quotes: meterOf(10n, 30_000_000n) });

const factsOf = (given: Partial<InvoiceFacts> = {}): InvoiceFacts => ({
  ...{ subscription: 'sub', period: PERIOD, phases: phasesOver(30, [GROW, 30]), suspensions: [], usage: [] },
  ...{ earlier: null, carried: 0n, minimumCharge: 0n },
  ...given,
});
const orders = (quantity: bigint, phase = 0): Usage => ({ phase, meter: 'orders', quantity });
const sum = (lines: readonly { amount: bigint }[]) => lines.reduce((total, { amount }) => total + amount, 0n);
const summary = (lines: readonly InvoiceLine[]) =>
  lines.map(({ kind, meter, quantity, amount }) => [kind, meter, quantity, amount]);

describe('the first invoice of a period', () => {
  it('charges the base fee, and usage beyond the free limit', () => {
    const { revision, lines, total } = draftInvoice(factsOf({ usage: [orders(1_203n)] }));
    expect(revision).toBe(0);
    expect(lines).toEqual([
      { key: 'sub/4/0/base/0', kind: 'base', phase: 0, quantity: 1n, priceMicro: 9_900_000_000n, amount: 9_900n },
      {
        ...{ key: 'sub/4/0/overage/0/orders', kind: 'overage', phase: 0, meter: 'orders' },
        ...{ quantity: 3n, priceMicro: 500_000n, amount: 2n },
      },
    ]);
    expect(total).toBe(9_902n);
  });

  it('charges no base fee for a period wholly inside a suspension, and the whole fee otherwise', () => {
    const since = PERIOD.startsAt;
    expect(draftInvoice(factsOf({ suspensions: [{ since, until: null }] })).total).toBe(0n);
    const until = new Date(PERIOD.endsAt.getTime() - 1);
    expect(draftInvoice(factsOf({ suspensions: [{ since, until }] })).total).toBe(9_900n);
  });

  it('adds up the rows of one meter before it compares them with the limit', () => {
    const usage = [orders(700n), orders(510n), orders(-4n)];
    expect(draftInvoice(factsOf({ usage }))).toEqual(draftInvoice(factsOf({ usage: [orders(1_206n)] })));
  });

  it('gives each phase its part of the fee and of the allowance', () => {
    const large = planOf('large-1', 30_000n, { orders: meterOf(3_000n, 100_000n) });
    const phases = phasesOver(30, [GROW, 10], [large, 20]);
    // 334 of 1,000 are included in ten days, so 400 are free; 2,000 of 3,000 in twenty, so 2,400 are.
    const { lines } = draftInvoice(factsOf({ phases, usage: [orders(404n, 0), orders(2_410n, 1)] }));
    expect(lines.map(({ kind, phase, quantity, amount }) => [kind, phase, quantity, amount])).toEqual([
      ['base', 0, 1n, 3_300n],
      ['base', 1, 1n, 20_000n],
      ['overage', 0, 4n, 2n],
      ['overage', 1, 10n, 1n],
    ]);
  });

  it('has the same lines and keys for any order of facts, and no key twice', () => {
    const usage = [orders(5_000n), { phase: 0, meter: 'quotes', quantity: 99n }];
    const reversed = { ...GROW, meters: new Map([...GROW.meters].toReversed()) };
    const draft = draftInvoice(factsOf({ usage, carried: 5n, minimumCharge: HUGE }));
    expect(
      draftInvoice(
        factsOf({
          usage: usage.toReversed(),
          phases: phasesOver(30, [reversed, 30]),
          carried: 5n,
          minimumCharge: HUGE,
        }),
      ),
    ).toEqual(draft);
    expect(new Set(draft.lines.map(({ key }) => key)).size).toBe(draft.lines.length);
  });

  it('bills nothing for a meter that is not in the plan', () => {
    expect(draftInvoice(factsOf({ usage: [{ phase: 0, meter: 'faxes', quantity: HUGE }] })).total).toBe(9_900n);
  });

  it('refuses two currencies, and usage of an unknown phase', () => {
    const phases = phasesOver(30, [GROW, 10], [{ ...planOf('yen-1', 5n), currency: 'JPY' }, 20]);
    expect(() => draftInvoice(factsOf({ phases }))).toThrow(expect.objectContaining({ code: 'mixed_currencies' }));
    expect(() => draftInvoice(factsOf({ usage: [orders(1n, 1)] }))).toThrow(
      expect.objectContaining({ code: 'unknown_phase' }),
    );
  });
});

describe('a revision', () => {
  const issued = draftInvoice(factsOf({ usage: [orders(1_300n)] }));
  const earlier = { revision: 0, lines: issued.lines };

  it('invoices late usage as a difference, under its own number', () => {
    const { revision, lines, total } = draftInvoice(factsOf({ usage: [orders(1_311n)], earlier }));
    expect([revision, total]).toEqual([1, 6n]);
    expect(lines).toEqual([
      {
        ...{ key: 'sub/4/1/adjustment/0/orders', kind: 'adjustment', phase: 0, meter: 'orders' },
        ...{ quantity: 11n, priceMicro: 500_000n, amount: 6n },
      },
    ]);
  });

  it('credits usage that a correction removed', () => {
    const { lines, total } = draftInvoice(factsOf({ usage: [orders(900n)], earlier }));
    expect(summary(lines)).toEqual([['adjustment', 'orders', -100n, -50n]]);
    expect(total).toBe(-50n);
  });

  it('has no line, carries nothing and charges no base fee when usage did not change', () => {
    const again = draftInvoice(factsOf({ usage: [orders(1_300n)], earlier, carried: 70n, minimumCharge: 50n }));
    expect(again).toEqual({ revision: 1, lines: [], total: 0n, carriedOn: 70n });
  });

  it('does not correct an amount whose usage did not change', () => {
    const lines = issued.lines.map((line) => (line.kind === 'overage' ? { ...line, amount: line.amount - 1n } : line));
    expect(draftInvoice(factsOf({ usage: [orders(1_300n)], earlier: { revision: 0, lines } })).lines).toEqual([]);
  });

  it('defers usage that is too small to change the amount, and loses none of it', () => {
    const phases = phasesOver(30, [planOf('calls-1', 0n, { orders: meterOf(0n, 100_000n) }), 30]);
    const first = { revision: 0, lines: draftInvoice(factsOf({ phases, usage: [orders(1n)] })).lines };
    expect(draftInvoice(factsOf({ phases, usage: [orders(4n)], earlier: first })).lines).toEqual([]);
    const { lines } = draftInvoice(factsOf({ phases, usage: [orders(5n)], earlier: first }));
    expect(summary(lines)).toEqual([['adjustment', 'orders', 4n, 1n]]);
  });

  it('ignores usage that stays within the free limit', () => {
    const free = { revision: 0, lines: draftInvoice(factsOf({ usage: [orders(10n)] })).lines };
    expect(draftInvoice(factsOf({ usage: [orders(1_200n)], earlier: free })).lines).toEqual([]);
  });
});

describe('a total below the provider’s minimum', () => {
  const cheap = phasesOver(30, [planOf('cheap-1', 30n), 30]);

  it('is carried on, which settles the invoice, and the next invoice takes it up', () => {
    const first = draftInvoice(factsOf({ phases: cheap, minimumCharge: 50n }));
    expect(summary(first.lines)).toEqual([
      ['base', undefined, 1n, 30n],
      ['carry', undefined, 1n, -30n],
    ]);
    expect([first.total, first.carriedOn]).toEqual([0n, 30n]);
    const second = draftInvoice(factsOf({ phases: cheap, minimumCharge: 50n, carried: first.carriedOn }));
    expect(summary(second.lines)).toEqual([
      ['base', undefined, 1n, 30n],
      ['carry', undefined, 1n, 30n],
    ]);
    expect([second.total, second.carriedOn]).toEqual([60n, 0n]);
  });

  it('begins one minor unit below it, not at the minimum itself', () => {
    expect(draftInvoice(factsOf({ phases: cheap, minimumCharge: 30n })).total).toBe(30n);
    expect(draftInvoice(factsOf({ phases: cheap, minimumCharge: 31n })).total).toBe(0n);
  });

  it('does not include zero or a negative total', () => {
    const free = phasesOver(30, [planOf('free-1', 0n), 30]);
    expect(draftInvoice(factsOf({ phases: free, minimumCharge: 50n })).lines).toHaveLength(1);
    expect(draftInvoice(factsOf({ phases: free, minimumCharge: 50n, carried: -20n })).total).toBe(-20n);
  });

  it('loses nothing over any number of invoices, and never charges less than the minimum', () => {
    const minimum = fc.bigInt(0n, 200n);
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 120n), { maxLength: 24 }), minimum, (fees, minimumCharge) => {
        let [carried, charged] = [0n, 0n];
        for (const fee of fees) {
          const phases = phasesOver(30, [planOf('any', fee), 30]);
          const draft = draftInvoice(factsOf({ phases, carried, minimumCharge }));
          expect(draft.total === 0n || draft.total >= minimumCharge).toBe(true);
          carried = draft.carriedOn;
          charged += draft.total;
        }
        expect(charged + carried).toBe(fees.reduce((total, fee) => total + fee, 0n));
      }),
      RUNS,
    );
  });
});

const quantity = fc.oneof(fc.bigInt(-20n, 60n), fc.bigInt(0n, 5_000n), fc.bigInt(HUGE - 50n, HUGE + 50n));
const meter = fc.record({
  included: fc.oneof(fc.bigInt(0n, 50n), fc.bigInt(0n, HUGE)),
  softBp: fc.integer({ min: 10_000, max: 13_000 }),
  hardBp: fc.constant(HARD_BP),
  priceMicro: fc.oneof(fc.bigInt(0n, 3_000_000n), fc.bigInt(0n, 10n ** 10n)),
  billableFrom: fc.constantFrom('soft' as const, 'included' as const),
});
const plan = fc
  .tuple(fc.bigInt(0n, 1_000_000n), fc.dictionary(fc.constantFrom(...NAMES), meter, { maxKeys: 3 }))
  .map(([base, meters]) => planOf('any', base, meters));
const phases = fc.array(fc.tuple(plan, fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 4 }).map((parts) =>
  phasesOver(
    parts.reduce((days, [, more]) => days + more, 0),
    ...parts,
  ),
);
const usageOf = fc.array(fc.record({ phase: fc.nat(3), meter: fc.constantFrom(...NAMES), quantity }), { maxLength: 8 });

/** The cost of all the usage, computed with fractions. */
function usageWorth(all: readonly Phase[], usage: readonly Usage[]): bigint {
  let worth = 0n;
  for (const { index, plan: terms, days, daysOfPeriod } of all) {
    for (const [name, given] of terms.meters) {
      const included = ceilOf(fraction(given.included * BigInt(days), BigInt(daysOfPeriod)));
      let used = 0n;
      for (const row of usage) if (row.phase === index && row.meter === name) used += row.quantity;
      const own = { ...given, included };
      const counted = name === 'api_calls' ? payable(own, used) : used;
      worth += halfUp(exactAmount(subtractBillable(own, counted), given.priceMicro));
    }
  }
  return worth;
}

describe('an invoice', () => {
  it('is the sum of its lines, and agrees with the reference for any plans, usage, carry and minimum', () => {
    const balances = fc.tuple(fc.bigInt(-500n, 500n), fc.bigInt(0n, 2_000_000n));
    fc.assert(
      fc.property(phases, usageOf, balances, (all, rows, [carried, minimumCharge]) => {
        const usage = rows.filter(({ phase }) => phase < all.length);
        const { lines, total, carriedOn } = draftInvoice(factsOf({ phases: all, usage, carried, minimumCharge }));
        expect(sum(lines)).toBe(total);
        const bases = handOut(
          all.map((phase) => fraction(phase.plan.baseMinor * BigInt(phase.days), BigInt(phase.daysOfPeriod))),
        );
        expect(lines.filter(({ kind }) => kind === 'base').map(({ amount }) => amount)).toEqual(bases);
        const owed = bases.reduce((a, b) => a + b) + usageWorth(all, usage) + carried;
        expect(total + carriedOn).toBe(owed);
        for (const line of lines) expect(amountOf(line.quantity, line.priceMicro)).toBe(line.amount);
      }),
      RUNS,
    );
  });

  it('and its revisions together invoice exactly the worth of the period’s usage, in any order of arrival', () => {
    fc.assert(
      fc.property(phases, fc.array(usageOf, { minLength: 1, maxLength: 5 }), (all, batches) => {
        const usage: Usage[] = [];
        const invoiced: InvoiceLine[] = [];
        let revision = -1;
        for (const batch of batches) {
          usage.push(...batch.filter(({ phase }) => phase < all.length));
          const draft = draftInvoice(
            factsOf({ phases: all, usage, earlier: revision < 0 ? null : { revision, lines: invoiced } }),
          );
          invoiced.push(...draft.lines);
          if (draft.lines.length > 0) revision = draft.revision;
          // A second run with the same usage finds nothing to correct.
          expect(draftInvoice(factsOf({ phases: all, usage, earlier: { revision, lines: invoiced } })).lines).toEqual(
            [],
          );
          expect(sum(invoiced.filter(({ kind }) => kind !== 'base'))).toBe(usageWorth(all, usage));
        }
        expect(new Set(invoiced.map(({ key }) => key)).size).toBe(invoiced.length);
        expect(sum(invoiced.filter(({ kind }) => kind === 'base'))).toBe(
          sum(draftInvoice(factsOf({ phases: all })).lines),
        );
      }),
      RUNS,
    );
  });

  it('stays below the plan’s ceiling while usage is accepted', () => {
    fc.assert(
      fc.property(plan, fc.array(fc.bigInt(0n, 100n), { minLength: 3, maxLength: 3 }), (terms, percents) => {
        const usage = [...terms.meters].map(([name, given], index) => ({
          ...{ phase: 0, meter: name },
          quantity: (limitsOf(given).hard * percents[index]!) / 100n,
        }));
        const { total } = draftInvoice(factsOf({ phases: phasesOver(30, [terms, 30]), usage }));
        expect(total <= ceilingOf(terms)).toBe(true);
      }),
      RUNS,
    );
  });

  it.each([
    ['JPY', '9902'],
    ['BRL', '99.02'],
    ['KWD', '9.902'],
  ])('counts minor units in %s as in any other currency', (currency, text) => {
    const terms = { ...GROW, currency };
    const { total } = draftInvoice(factsOf({ phases: phasesOver(30, [terms, 30]), usage: [orders(1_203n)] }));
    expect(new Money(total, currency).toText()).toBe(text);
  });
});
