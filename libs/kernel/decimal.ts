/**
 * Exact decimals over BigInt: `units × 10^-scale`. Floating point never touches money or quantities, because
 * 0.1 + 0.2 is not 0.3 and a bill that is one cent short is wrong.
 */
import { errorTable } from './errors.js';

const errors = errorTable({ invalid_decimal: ['invalid', 'The number is not a plain decimal such as 12.50.'] });

const DECIMAL = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/;

export class Decimal {
  private constructor(
    readonly units: bigint,
    readonly scale: number,
  ) {}

  static readonly zero = new Decimal(0n, 0);

  /** Reads `-12.345`. Throws `invalid_decimal` on exponents, spaces, signs other than a leading minus, and over-long input. */
  static parse(text: string): Decimal {
    const match = DECIMAL.exec(text);
    if (!match) throw errors.invalid_decimal();
    const [, sign, whole, fraction = ''] = match;
    const units = BigInt(whole! + fraction);
    return new Decimal(sign === '-' ? -units : units, fraction.length);
  }

  static of(units: bigint, scale = 0): Decimal {
    return new Decimal(units, scale);
  }

  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.unitsAt(scale) + other.unitsAt(scale), scale);
  }

  minus(other: Decimal): Decimal {
    return this.plus(other.negated());
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.units * other.units, this.scale + other.scale);
  }

  negated(): Decimal {
    return new Decimal(-this.units, this.scale);
  }

  compare(other: Decimal): -1 | 0 | 1 {
    const scale = Math.max(this.scale, other.scale);
    const [a, b] = [this.unitsAt(scale), other.unitsAt(scale)];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  get isZero(): boolean {
    return this.units === 0n;
  }

  get isNegative(): boolean {
    return this.units < 0n;
  }

  /** Rounds half away from zero (what a till does, and what Brazilian retail expects) to `scale` decimals. */
  rounded(scale: number): Decimal {
    if (this.scale <= scale) return new Decimal(this.unitsAt(scale), scale);
    return new Decimal(divideHalfUp(this.units, 10n ** BigInt(this.scale - scale)), scale);
  }

  /** `this × numerator / denominator`, rounded half-up once at `scale`. */
  timesRatio(numerator: bigint, denominator: bigint, scale: number): Decimal {
    const factor = 10n ** BigInt(scale);
    const down = 10n ** BigInt(this.scale) * denominator;
    return new Decimal(divideHalfUp(this.units * numerator * factor, down), scale);
  }

  /** `this × part ÷ whole`, rounded half-up once at `scale`. `whole` is above zero. */
  portion(part: Decimal, whole: Decimal, scale: number): Decimal {
    const common = Math.max(part.scale, whole.scale);
    return this.timesRatio(part.unitsAt(common), whole.unitsAt(common), scale);
  }

  /** Without the decimals beyond `scale`: rounded toward zero. */
  truncated(scale: number): Decimal {
    if (this.scale <= scale) return this;
    return new Decimal(this.units / 10n ** BigInt(this.scale - scale), scale);
  }

  /** Whether a whole number of `step` makes this value. `step` is above zero. */
  isMultipleOf(step: Decimal): boolean {
    const scale = Math.max(this.scale, step.scale);
    return this.unitsAt(scale) % step.unitsAt(scale) === 0n;
  }

  /** The value as a count of 10^-scale; `null` when it has more decimals than that. */
  exactUnits(scale: number): bigint | null {
    const cut = this.truncated(scale);
    return cut.compare(this) === 0 ? cut.unitsAt(scale) : null;
  }

  /** Plain text without an exponent; at least `least` decimals, trailing zeros beyond them dropped. */
  toText(least = 0): string {
    let units = this.units;
    let scale = this.scale;
    while (scale > least && units % 10n === 0n) {
      units /= 10n;
      scale -= 1;
    }
    if (scale < least) {
      units *= 10n ** BigInt(least - scale);
      scale = least;
    }
    const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
    const whole = digits.slice(0, digits.length - scale);
    const sign = units < 0n ? '-' : '';
    return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`;
  }

  toString(): string {
    return this.toText();
  }

  toJSON(): string {
    return this.toText();
  }

  private unitsAt(scale: number): bigint {
    return this.units * 10n ** BigInt(scale - this.scale);
  }
}

/** Integer division rounding half away from zero; the divisor is positive. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n;
  const magnitude = negative ? -dividend : dividend;
  const rounded = (2n * magnitude + divisor) / (2n * divisor);
  return negative ? -rounded : rounded;
}
