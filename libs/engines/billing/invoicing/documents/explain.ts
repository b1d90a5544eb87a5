/**
 * Explains the amounts of an invoice down to the events: each line is computed again from the usage that was known when
 * the invoice was made, and shown beside the stored line. Where the two differ, `isReproduced` is false and a person
 * should look for the cause.
 */
import {
  amountOf,
  baseParts,
  billable,
  limitsOf,
  type Meter,
  meterInPhase,
  MICRO,
  type Phase,
} from '../../plans/index.js';
import { isRefusable } from '../../usage/index.js';

/** How the events of a meter become one number: their sum, the number of different subjects, or the largest value. */
export type Counting = 'sum' | 'distinct' | 'max';

export interface ExplainedEvent {
  readonly id: string;
  readonly meter: string;
  readonly subject: string;
  readonly quantity: bigint;
  readonly occurredAt: Date;
  readonly receivedAt: Date;
}

export interface ExplainedLine {
  readonly lineNo: number;
  readonly kind: 'base' | 'overage' | 'adjustment' | 'carry' | 'surplus';
  readonly meter: string | null;
  readonly phase: number | null;
  readonly quantity: bigint;
  readonly priceMicro: bigint;
  readonly amount: bigint;
}

export interface ExplainFacts {
  /** Usage that was received later is in no line of this invoice. */
  readonly madeAt: Date;
  /** The phases of the invoice's period, in order. */
  readonly phases: readonly Phase[];
  readonly lines: readonly ExplainedLine[];
  /** The lines of earlier invoices for the same period; an adjustment is the difference from them. */
  readonly earlier: readonly ExplainedLine[];
  /** The usage events of the period, in any order. */
  readonly events: readonly ExplainedEvent[];
  readonly counting: (meter: string) => Counting;
}

export interface UsageExplanation {
  readonly meter: string;
  readonly counting: Counting;
  readonly used: bigint;
  /** The phase's part of the plan's allowance, and the limits that follow from it. */
  readonly included: bigint;
  readonly soft: bigint;
  readonly hard: bigint;
  readonly billableFrom: Meter['billableFrom'];
  readonly billable: bigint;
  readonly priceMicro: bigint;
  /** `billable × price`, in millionths of a minor unit, and the amount that rounding it half up once added or removed. */
  readonly exactMicro: bigint;
  readonly roundingMicro: bigint;
  /** The rounded amount. */
  readonly worth: bigint;
  /** The amount that earlier invoices billed for it; none for a first invoice. */
  readonly billedBefore: { readonly quantity: bigint; readonly amount: bigint };
  /** By time, then id. */
  readonly events: readonly ExplainedEvent[];
  /** Events of the same meter and phase that came too late for this invoice. */
  readonly cameLater: number;
}

export interface LineExplanation {
  readonly line: ExplainedLine;
  readonly phase: Phase | null;
  readonly usage: UsageExplanation | null;
  /** The amount computed again; null for lines that come from other invoices and payments. */
  readonly expected: bigint | null;
  readonly isReproduced: boolean;
}

export interface InvoiceExplanation {
  readonly lines: readonly LineExplanation[];
  readonly total: bigint;
  readonly isReproduced: boolean;
}

export function explainInvoice(facts: ExplainFacts): InvoiceExplanation {
  const lines = facts.lines.map((line) => explainLine(line, facts));
  return {
    lines,
    total: facts.lines.reduce((sum, { amount }) => sum + amount, 0n),
    isReproduced: lines.every(({ isReproduced }) => isReproduced),
  };
}

function explainLine(line: ExplainedLine, facts: ExplainFacts): LineExplanation {
  const phase = line.phase === null ? null : (facts.phases[line.phase] ?? null);
  if (line.kind === 'base') return explainBase(line, phase, facts.phases);
  if (line.kind === 'carry' || line.kind === 'surplus')
    return { line, phase, usage: null, expected: null, isReproduced: true };
  const usage = phase && line.meter !== null ? explainUsage(line.meter, phase, facts) : null;
  if (usage === null) return { line, phase, usage, expected: null, isReproduced: false };
  const { quantity, amount } = usage.billedBefore;
  const expected = usage.worth - amount;
  const isReproduced =
    expected === line.amount && usage.billable - quantity === line.quantity && usage.priceMicro === line.priceMicro;
  return { line, phase, usage, expected, isReproduced };
}

/** A base fee of zero is correct for a period that lay wholly inside a suspension. */
function explainBase(line: ExplainedLine, phase: Phase | null, phases: readonly Phase[]): LineExplanation {
  const expected = phase ? (baseParts(phases)[phase.index] ?? null) : null;
  const isReproduced = expected !== null && (line.amount === expected || line.amount === 0n);
  return { line, phase, usage: null, expected, isReproduced };
}

function explainUsage(name: string, phase: Phase, facts: ExplainFacts): UsageExplanation | null {
  const agreed = phase.plan.meters.get(name);
  if (!agreed) return null;
  const meter = meterInPhase(agreed, phase);
  const inPhase = facts.events.filter(
    ({ meter: of, occurredAt }) => of === name && occurredAt >= phase.startsAt && occurredAt < phase.endsAt,
  );
  const events = inPhase.filter(({ receivedAt }) => receivedAt <= facts.madeAt).sort(byTime);
  const counting = facts.counting(name);
  const used = count(events, counting);
  const units = billable(meter, used, isRefusable(name));
  const exactMicro = units * meter.priceMicro;
  const worth = amountOf(units, meter.priceMicro);
  return {
    meter: name,
    counting,
    used,
    included: meter.included,
    ...limitsOf(meter),
    billableFrom: meter.billableFrom,
    billable: units,
    priceMicro: meter.priceMicro,
    exactMicro,
    roundingMicro: worth * MICRO - exactMicro,
    worth,
    billedBefore: billedBefore(facts.earlier, name, phase.index),
    events,
    cameLater: inPhase.length - events.length,
  };
}

function count(events: readonly ExplainedEvent[], counting: Counting): bigint {
  switch (counting) {
    case 'sum':
      return events.reduce((sum, { quantity }) => sum + quantity, 0n);
    case 'distinct':
      return BigInt(new Set(events.map(({ subject }) => subject)).size);
    case 'max':
      return events.reduce((most, { quantity }, place) => (place === 0 || quantity > most ? quantity : most), 0n);
  }
}

function billedBefore(earlier: readonly ExplainedLine[], name: string, phase: number) {
  const lines = earlier.filter(
    (line) => (line.kind === 'overage' || line.kind === 'adjustment') && line.meter === name && line.phase === phase,
  );
  return {
    quantity: lines.reduce((sum, { quantity }) => sum + quantity, 0n),
    amount: lines.reduce((sum, { amount }) => sum + amount, 0n),
  };
}

function byTime(a: ExplainedEvent, b: ExplainedEvent): number {
  return a.occurredAt.getTime() - b.occurredAt.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
