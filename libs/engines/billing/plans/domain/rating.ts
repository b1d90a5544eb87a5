/**
 * The price of usage. Per meter, the plan includes an allowance; usage is free up to `soft`, billed up to `hard` and
 * refused beyond. The highest possible bill is therefore a number that a contract can state.
 *
 *   0 ──── included ──── soft ────────── hard
 *     paid by the base │ free │ billed │ refused, or free if the meter cannot refuse
 *
 * Quantities and amounts are unbounded integers. An amount counts minor units, so the decimals of a currency do not
 * matter.
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

/** Percentages of the allowance at which a tenant is notified of its usage; the last two are the standard limits. */
export const THRESHOLDS = [80, 100, 120, 150] as const;

export type Threshold = (typeof THRESHOLDS)[number];

export interface Meter {
  readonly included: bigint;
  readonly softBp: number;
  readonly hardBp: number;
  /** Millionths of a minor unit for one unit of usage. */
  readonly priceMicro: bigint;
  /** The level above which usage is billed. With `soft`, usage between `included` and `soft` is free. */
  readonly billableFrom: 'soft' | 'included';
}

/** A version of a plan. It never changes. */
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
 * the fraction's floor. So rounding down admits, frees and refuses exactly the units that the percentages define. It
 * keeps `included ≤ soft ≤ hard`, because `included` is whole and the floor is monotone. Throws `invalid_meter`.
 */
export function limitsOf(meter: Meter): Limits {
  const { included, softBp, hardBp, priceMicro } = meter;
  const [soft, hard] = [BigInt(softBp), BigInt(hardBp)];
  if (included < 0n || priceMicro < 0n || soft < ALL_BP || hard < soft) throw errors.invalid_meter();
  return { soft: (included * soft) / ALL_BP, hard: (included * hard) / ALL_BP };
}

/**
 * The units to bill. Usage below zero (corrections exceed the counts) costs nothing and gives no credit.
 *
 * `isRefusable`: whether the meter refuses requests beyond the hard limit. If it does not (a store may always sign in
 * and read), usage beyond the limit is free, because otherwise the bill could exceed the stated ceiling. Usage of a
 * refusable meter may still exceed the limits of a phase, which are a part of the limits of the period. That usage is
 * billed, because the plan of that day admitted it.
 */
export function billable(meter: Meter, used: bigint, isRefusable: boolean): bigint {
  const { hard } = limitsOf(meter);
  const counted = isRefusable || used < hard ? used : hard;
  const over = counted - billableAbove(meter);
  return over > 0n ? over : 0n;
}

/** Minor units, rounded half up once for the whole line: if each unit were rounded, 1,000 × 0.4 would be 0. */
export function amountOf(units: bigint, priceMicro: bigint): bigint {
  return divideHalfUp(units * priceMicro, MICRO);
}

/** The highest possible bill of one whole period on this plan, before tax and without amounts of other periods. */
export function ceilingOf(plan: Plan): bigint {
  let ceiling = plan.baseMinor;
  for (const meter of plan.meters.values()) {
    ceiling += amountOf(limitsOf(meter).hard - billableAbove(meter), meter.priceMicro);
  }
  return ceiling;
}

/**
 * The thresholds that usage reaches when it grows from `before` to `after`, each once. They are rounded down like the
 * limits: otherwise 150 % of 3 would be 4.5, usage would be refused at 4, and the notice would never be sent.
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
