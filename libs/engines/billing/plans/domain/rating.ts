/**
 * What usage costs. Per meter: included by the plan, free up to `soft`, billed up to `hard`, refused beyond, so that the
 * highest possible bill is a number that can be printed on the contract.
 *
 *   0 ──── included ──── soft ────────── hard
 *     paid by the base │ free │ billed │ refused; where nobody can be refused, free
 *
 * Quantities and amounts are unbounded integers; an amount counts minor units, so no currency's decimals matter here.
 */
import { divideHalfUp, errorTable } from '#kernel';

const errors = errorTable({
  invalid_meter: [
    'invalid',
    'A meter needs an allowance and a price of at least zero, and limits of 10000 ≤ soft ≤ hard basis points.',
  ],
});

export const SOFT_BP = 12_000;
export const HARD_BP = 15_000;

/** Percentages of the allowance at which a tenant hears about its usage; the last two are the standard limits. */
export const THRESHOLDS = [80, 100, 120, 150] as const;

export type Threshold = (typeof THRESHOLDS)[number];

export interface Meter {
  readonly included: bigint;
  readonly softBp: number;
  readonly hardBp: number;
  /** Millionths of a minor unit for one unit of usage. */
  readonly priceMicro: bigint;
  /** Whether the room between `included` and `soft` stays free, or is billed once usage leaves the allowance. */
  readonly billableFrom: 'soft' | 'included';
}

/** A plan's version as agreed; it never changes. */
export interface Plan {
  readonly id: string;
  readonly currency: string;
  readonly baseMinor: bigint;
  readonly meters: ReadonlyMap<string, Meter>;
}

export interface Limits {
  readonly soft: bigint;
  readonly hard: bigint;
}

export const MICRO = 1_000_000n;

const ALL_BP = 10_000n;

/**
 * Both limits are rounded down. Usage counts whole units, and a whole number exceeds a fraction exactly when it exceeds
 * the fraction's floor: rounding down therefore admits, frees and refuses the very units the percentages say. It keeps
 * `included ≤ soft ≤ hard`, because `included` is whole and the floor is monotone.
 */
export function limitsOf(meter: Meter): Limits {
  const { included, softBp, hardBp, priceMicro } = meter;
  const [soft, hard] = [BigInt(softBp), BigInt(hardBp)];
  if (included < 0n || priceMicro < 0n || soft < ALL_BP || hard < soft) throw errors.invalid_meter();
  return { soft: (included * soft) / ALL_BP, hard: (included * hard) / ALL_BP };
}

/**
 * The units to be paid for. Usage below zero (corrections exceed the counts) costs nothing and earns nothing.
 *
 * `isRefusable`: whether requests beyond the hard limit are refused. What is not (nobody is kept from signing in or reading) is
 * on us, or the ceiling were a lie. What is refused may still exceed the limits of a phase, which are a part of the period's,
 * and is paid for: it was admitted by the plan of that day.
 */
export function billable(meter: Meter, used: bigint, isRefusable: boolean): bigint {
  const { hard } = limitsOf(meter);
  const counted = isRefusable || used < hard ? used : hard;
  const over = counted - billableAbove(meter);
  return over > 0n ? over : 0n;
}

/** Rounded half up once, for the whole line: rounding each unit would turn 1,000 × 0.4 into nothing. */
export function amountOf(units: bigint, priceMicro: bigint): bigint {
  return divideHalfUp(units * priceMicro, MICRO);
}

/** The highest possible bill of one whole period on this plan, before tax and before what other periods owe. */
export function ceilingOf(plan: Plan): bigint {
  let ceiling = plan.baseMinor;
  for (const meter of plan.meters.values()) {
    ceiling += amountOf(limitsOf(meter).hard - billableAbove(meter), meter.priceMicro);
  }
  return ceiling;
}

/**
 * The thresholds that usage reaches on its way from `before` to `after`, each once. They are rounded down as the limits
 * are: otherwise 150 % of 3 would be 4.5, usage would be refused at 4, and the notice would never be sent.
 */
export function thresholdsCrossed(before: bigint, after: bigint, included: bigint): Threshold[] {
  return THRESHOLDS.filter((percent) => {
    const level = (included * BigInt(percent)) / 100n;
    return level > 0n && before < level && level <= after;
  });
}

function billableAbove(meter: Meter): bigint {
  const { soft } = limitsOf(meter);
  return meter.billableFrom === 'soft' ? soft : meter.included;
}
