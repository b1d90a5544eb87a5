/** The error for a request that exceeds a limit: the plan's hard limit, or the store's own lower cap. */
import type { MeterName } from '#contracts/meters';
import type { DomainError } from '#kernel';
import { errors } from '../errors.js';

export interface Limits {
  readonly hard: bigint;
  /** The store's own cap; null when it has none. */
  readonly cap: bigint | null;
  readonly endsAt: Date;
}

/** `least(hard, cap)`: a cap above the plan's limit allows nothing more. */
export function limitOf({ hard, cap }: Limits): bigint {
  return cap !== null && cap < hard ? cap : hard;
}

export function refusalOf(meter: MeterName, limits: Limits, used: bigint): DomainError {
  const limit = limitOf(limits);
  const isOwnCap = limit < limits.hard;
  return errors.usage_limit_reached({
    message: isOwnCap
      ? `The store’s own cap of ${limit} ${wordOf(meter)} in this period is reached; raise it to go on.`
      : `The plan’s limit of ${limit} ${wordOf(meter)} in this period is reached.`,
    details: {
      meter,
      used: Number(used),
      limit: Number(limit),
      limited_by: isOwnCap ? 'own_cap' : 'plan',
      period_ends_at: limits.endsAt.toISOString(),
    },
  });
}

function wordOf(meter: MeterName): string {
  return meter.replaceAll('_', ' ');
}
