/** An explanation agrees with its invoice for any usage, and reports each difference. */
import fc from 'fast-check';
import { sampleSize } from '#testing/sample';
import type { Phase } from '../../plans/domain/proration.js';
import type { Meter } from '../../plans/domain/rating.js';
import { draftInvoice, type InvoiceLine } from '../domain/invoice-lines.js';
import { type ExplainedEvent, type ExplainedLine, type ExplainFacts, explainInvoice } from './explain.js';
import { explanationText } from './explanation-text.js';

const START = new Date('2026-10-01T00:00:00.000Z');
const DAY = 86_400_000;
const day = (count: number) => new Date(START.getTime() + count * DAY);
const MADE = day(32);

const orders: Meter = { included: 10n, softBp: 12_000, hardBp: 15_000, priceMicro: 10_333_333n, billableFrom: 'soft' };
const users: Meter = { ...orders, included: 2n, priceMicro: 500_000_000n, billableFrom: 'included' };
const plan = {
  id: 'standard',
  currency: 'BRL',
  baseMinor: 19_900n,
  meters: new Map([
    ['orders', orders],
    ['active_users', users],
    ['stored_mb', orders],
  ]),
};
const phases: Phase[] = [
  { index: 0, plan, startsAt: day(0), endsAt: day(10), days: 10, daysOfPeriod: 31 },
  { index: 1, plan: { ...plan, baseMinor: 39_900n }, startsAt: day(10), endsAt: day(31), days: 21, daysOfPeriod: 31 },
];
const counting = (meter: string) => ({ orders: 'sum', active_users: 'distinct', stored_mb: 'max' })[meter] as 'sum';

const anyEvent: fc.Arbitrary<ExplainedEvent> = fc.record({
  id: fc.uuid(),
  meter: fc.constantFrom('orders', 'active_users', 'stored_mb'),
  subject: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  quantity: fc.bigInt(-2n, 40n),
  occurredAt: fc.integer({ min: -3 * 24, max: 34 * 24 }).map((hours) => new Date(START.getTime() + hours * 3_600_000)),
  receivedAt: fc.constantFrom(day(20), day(31), MADE, day(33), day(40)),
});

/** Counts as billing's SQL does, but is written independently of the tested code. */
function usageAt(events: readonly ExplainedEvent[], until: Date) {
  return phases.flatMap(({ index, startsAt, endsAt }) =>
    [...plan.meters.keys()].map((meter) => {
      const own = events.filter(
        (one) =>
          one.meter === meter && one.occurredAt >= startsAt && one.occurredAt < endsAt && one.receivedAt <= until,
      );
      const quantities = own.map(({ quantity }) => quantity);
      const sorted = [...quantities].sort((a, b) => (a < b ? 1 : -1));
      const by = {
        orders: quantities.reduce((a, b) => a + b, 0n),
        active_users: BigInt(new Set(own.map((one) => one.subject)).size),
        stored_mb: sorted[0] ?? 0n,
      };
      return { phase: index, meter, quantity: by[meter as keyof typeof by] };
    }),
  );
}

function invoiceOf(
  events: readonly ExplainedEvent[],
  until: Date,
  before: readonly InvoiceLine[] | null,
): readonly InvoiceLine[] {
  const period = { seq: 0, startsAt: day(0), endsAt: day(31) };
  const earlier = before && { revision: 0, lines: before };
  return draftInvoice({
    subscription: 's',
    period,
    phases,
    suspensions: [],
    usage: usageAt(events, until),
    earlier,
    carried: 0n,
    minimumCharge: 0n,
  }).lines;
}

const stored = (lines: readonly InvoiceLine[]): ExplainedLine[] =>
  lines.map(({ kind, meter = null, phase = null, quantity, priceMicro, amount }, place) => ({
    lineNo: place + 1,
    kind,
    meter,
    phase,
    quantity,
    priceMicro,
    amount,
  }));

const explain = (events: readonly ExplainedEvent[], more: Partial<ExplainFacts> = {}) => {
  const lines = stored(invoiceOf(events, MADE, null));
  return explainInvoice({ madeAt: MADE, phases, lines, earlier: [], events, counting, ...more });
};

const order = (place: number, quantity = 1n, receivedAt = MADE): ExplainedEvent => ({
  id: `e${String(place).padStart(3, '0')}`,
  meter: 'orders',
  subject: `order ${place}`,
  quantity,
  occurredAt: new Date(day(1).getTime() + place * 60_000),
  receivedAt,
});

describe('an explanation', () => {
  it('reproduces every line from any events', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const { lines, isReproduced, total } = explain(events);
        expect(isReproduced).toBe(true);
        expect(total).toBe(lines.reduce((sum, { line }) => sum + line.amount, 0n));
        for (const { usage, line } of lines) {
          if (!usage) continue;
          expect(usage.exactMicro + usage.roundingMicro).toBe(line.amount * 1_000_000n);
          expect(usage.events.every(({ receivedAt }) => receivedAt <= MADE)).toBe(true);
        }
      }),
      { numRuns: sampleSize(200, 500) },
    );
  });

  it('reproduces a correction: the present worth of the usage less the amount already billed', () => {
    let corrections = 0;
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const first = invoiceOf(events, MADE, null);
        const lines = stored(invoiceOf(events, day(50), first));
        corrections += lines.length;
        const explained = explain(events, { lines, earlier: stored(first), madeAt: day(50) });
        expect(explained.lines.filter(({ isReproduced }) => !isReproduced)).toEqual([]);
      }),
      { numRuns: sampleSize(200, 500) },
    );
    expect(corrections).toBeGreaterThan(50);
  });

  it('detects a line with another amount', () => {
    const events = Array.from({ length: 20 }, (_, place) => order(place));
    const lines = explain(events).lines.map(({ line }) => line);
    for (const change of [{ amount: 1n }, { quantity: 1n }, { priceMicro: 1n }]) {
      const changed = lines.map((line) => (line.kind === 'overage' ? { ...line, ...change } : line));
      expect(explain(events, { lines: changed }).isReproduced).toBe(false);
    }
    expect(explain(events.slice(1), { lines }).isReproduced).toBe(false);
  });

  it('leaves out usage received after the invoice was made, and counts it', () => {
    const events = [
      ...Array.from({ length: 9 }, (_, place) => order(place)),
      order(10, 1n, day(33)),
      order(11, 1n, day(34)),
    ];
    const { lines, isReproduced } = explain(events);
    expect(isReproduced).toBe(true);
    const overage = lines.find(({ line }) => line.kind === 'overage')!.usage!;
    expect(overage).toMatchObject({ used: 9n, included: 4n, soft: 4n, hard: 6n, billable: 5n, cameLater: 2 });
  });

  it('accepts a base fee of zero for a suspended period, and reports any other difference', () => {
    const base = (amount: bigint) =>
      explain([], {
        lines: [{ lineNo: 1, kind: 'base', meter: null, phase: 0, quantity: 1n, priceMicro: 0n, amount }],
      });
    expect([base(0n).isReproduced, base(6_419n).isReproduced, base(6_418n).isReproduced]).toEqual([true, true, false]);
  });

  it('prints the calculation step by step', () => {
    const explained = explain(Array.from({ length: 9 }, (_, place) => order(place)));
    const text = explanationText(explained, { currency: 'BRL', zone: 'UTC', events: 2 });
    expect(text).toEqual([
      '1. base, phase 0: 2026-10-01T00:00:00.000Z to 2026-10-11T00:00:00.000Z (UTC), 10 of 31 days: R$64.19',
      '   R$199.00 × 10 / 31, parts rounded so that they sum exactly',
      '',
      '2. base, phase 1: 2026-10-11T00:00:00.000Z to 2026-11-01T00:00:00.000Z (UTC), 21 of 31 days: R$270.29',
      '   R$399.00 × 21 / 31, parts rounded so that they sum exactly',
      '',
      '3. overage orders, phase 0: 2026-10-01T00:00:00.000Z to 2026-10-11T00:00:00.000Z (UTC), 10 of 31 days: R$0.52',
      '   used 9 (9 events, summed)',
      '   included 4, free up to 4, refused beyond 6',
      '   billable 5 × R$0.10333333 = 0.51666665 BRL, rounding 0.00333335 BRL: R$0.52',
      '   2026-10-02T00:00:00.000Z  e000  1  order 0  received 2026-11-02T00:00:00.000Z',
      '   2026-10-02T00:01:00.000Z  e001  1  order 1  received 2026-11-02T00:00:00.000Z',
      '   and 7 more',
      '',
      'total R$335.00; every line follows from what is recorded',
    ]);
  });
});
