/**
 * A period's invoice: its lines, and a total that is their sum.
 *
 *   first     base per phase + overage per phase and meter        ┐
 *   revision  adjustment = worth − already invoiced, where usage  ├ + carried from before, − carried on = total
 *             has changed; nothing changed → no lines at all      ┘
 *
 * A total above zero that the provider would refuse as too small is carried on: a `carry` line takes it off this invoice,
 * which settles the invoice, and adds it to the next. A total below zero stays as it is; a person decides about it.
 */
import { errorTable } from '#kernel';
import {
  amountOf,
  baseParts,
  billable,
  isWhollySuspended,
  meterInPhase,
  MICRO,
  type Period,
  type Phase,
  type Suspension,
} from '../../plans/domain/index.js';
import { isRefusable } from '../../usage/domain/index.js';

const errors = errorTable({
  mixed_currencies: ['conflict', 'The plans of one period have different currencies; an invoice has one.'],
  unknown_phase: ['conflict', 'Usage or an invoiced line names a phase that the period does not have.'],
});

export interface InvoiceLine {
  /** The same facts give the same keys, so that a second run finds the rows of the first. */
  readonly key: string;
  readonly kind: 'base' | 'overage' | 'adjustment' | 'carry';
  readonly meter?: string;
  readonly phase?: number;
  /** Billed units; for an adjustment the difference in units; otherwise 1. */
  readonly quantity: bigint;
  readonly priceMicro: bigint;
  readonly amount: bigint;
}

export interface Usage {
  readonly phase: number;
  readonly meter: string;
  /** All usage known at this time; several rows of one meter and phase add up. */
  readonly quantity: bigint;
}

/** Amounts issued for this same period. Void and written-off lines count: a person decided that they are not owed. */
export interface Earlier {
  /** The newest revision; the first invoice is 0. */
  readonly revision: number;
  readonly lines: readonly Pick<InvoiceLine, 'kind' | 'meter' | 'phase' | 'quantity' | 'amount'>[];
}

export interface InvoiceFacts {
  readonly subscription: string;
  readonly period: Pick<Period, 'seq' | 'startsAt' | 'endsAt'>;
  /** As split when the period was first invoiced: a revision must use the same calendar. */
  readonly phases: readonly Phase[];
  readonly suspensions: readonly Suspension[];
  /** A meter that the phase's plan does not name is free. */
  readonly usage: readonly Usage[];
  readonly earlier: Earlier | null;
  /** The amount that earlier invoices carried on and no invoice has taken up. */
  readonly carried: bigint;
  /** The smallest amount that the provider charges, in minor units. */
  readonly minimumCharge: bigint;
}

export interface InvoiceDraft {
  readonly revision: number;
  /** Empty: there is nothing to invoice, and a carried amount stays where it is. */
  readonly lines: readonly InvoiceLine[];
  readonly total: bigint;
  /** The amount that the next invoice takes up. */
  readonly carriedOn: bigint;
}

export function draftInvoice(facts: InvoiceFacts): InvoiceDraft {
  const { earlier, phases, usage } = facts;
  if (new Set(phases.map(({ plan }) => plan.currency)).size > 1) throw errors.mixed_currencies();
  for (const { phase } of [...usage, ...(earlier?.lines ?? [])]) {
    if (phase !== undefined && phases[phase] === undefined) throw errors.unknown_phase();
  }
  const revision = earlier === null ? 0 : earlier.revision + 1;
  const prefix = `${facts.subscription}/${facts.period.seq}/${revision}`;
  const lines =
    earlier === null
      ? [...baseLines(facts, prefix), ...overageLines(facts, prefix)]
      : adjustmentLines(facts, earlier, prefix);
  if (lines.length === 0) return { revision, lines, total: 0n, carriedOn: facts.carried };
  return { revision, ...withCarry(lines, facts, prefix) };
}

function baseLines({ period, phases, suspensions }: InvoiceFacts, prefix: string): InvoiceLine[] {
  const isFree = isWhollySuspended(period, suspensions);
  return baseParts(phases).map((part, phase) => ({
    key: `${prefix}/base/${phase}`,
    kind: 'base',
    phase,
    ...one(isFree ? 0n : part),
  }));
}

function overageLines(facts: InvoiceFacts, prefix: string): InvoiceLine[] {
  return worths(facts)
    .filter(({ quantity }) => quantity > 0n)
    .map((worth) => ({ key: `${prefix}/overage/${worth.phase}/${worth.meter}`, kind: 'overage', ...worth }));
}

/** Only usage is corrected. The base fee was known when the period ended: it is not invoiced twice, nor taken back. */
function adjustmentLines(facts: InvoiceFacts, earlier: Earlier, prefix: string): InvoiceLine[] {
  return worths(facts).flatMap((worth) => {
    const invoiced = earlier.lines.filter(
      ({ kind, phase, meter }) =>
        (kind === 'overage' || kind === 'adjustment') && phase === worth.phase && meter === worth.meter,
    );
    const quantity = worth.quantity - sum(invoiced.map((line) => line.quantity));
    // The whole worth less the whole invoiced: rounding happens once for the period's usage, never for its parts.
    const amount = worth.amount - sum(invoiced.map((line) => line.amount));
    // Usage too small to change the amount waits for more usage: an invoice over zero has no use.
    if (quantity === 0n || amount === 0n) return [];
    const key = `${prefix}/adjustment/${worth.phase}/${worth.meter}`;
    return [{ ...worth, key, kind: 'adjustment' as const, quantity, amount }];
  });
}

type Worth = Required<Omit<InvoiceLine, 'key' | 'kind'>>;

/** The present worth of the usage of every phase and meter, in an order that does not depend on the database's. */
function worths({ phases, usage }: InvoiceFacts): Worth[] {
  return phases.flatMap((phase) =>
    [...phase.plan.meters].sort(byName).map(([meter, terms]) => {
      const used = sum(
        usage.filter((row) => row.phase === phase.index && row.meter === meter).map((row) => row.quantity),
      );
      const quantity = billable(meterInPhase(terms, phase), used, isRefusable(meter));
      const amount = amountOf(quantity, terms.priceMicro);
      return { phase: phase.index, meter, quantity, priceMicro: terms.priceMicro, amount };
    }),
  );
}

function withCarry(lines: readonly InvoiceLine[], { carried, minimumCharge }: InvoiceFacts, prefix: string) {
  const owed = sum(lines.map((line) => line.amount)) + carried;
  const isTooSmall = owed > 0n && owed < minimumCharge;
  return {
    lines: [
      ...lines,
      ...(carried === 0n ? [] : [carryLine(`${prefix}/carry/in`, carried)]),
      ...(isTooSmall ? [carryLine(`${prefix}/carry/on`, -owed)] : []),
    ],
    total: isTooSmall ? 0n : owed,
    carriedOn: isTooSmall ? owed : 0n,
  };
}

function carryLine(key: string, amount: bigint): InvoiceLine {
  return { key, kind: 'carry', ...one(amount) };
}

/** One unit of an item that costs `amount`. */
function one(amount: bigint) {
  return { quantity: 1n, priceMicro: amount * MICRO, amount };
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
