/**
 * The states of an event that a consumer has refused:
 *
 *   refused ──▶ retrying ──refused again──▶ retrying … ──attempts spent──▶ dead ──operator replays──▶ retrying
 *                  └──applied──▶ gone                                       └──operator drops──▶ gone, recorded as dropped
 *
 * The delay doubles from one second up to ten minutes. A random part of its upper half is subtracted, so that events that
 * failed together are not retried together.
 */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** Eight attempts in about two minutes: longer than a deploy, and short enough that a person is alerted soon. */
export const RETRY_POLICY: RetryPolicy = { attempts: 8, firstDelayMs: 1_000, longestDelayMs: 600_000 };

export type Failure = { readonly state: 'retrying'; readonly delayMs: number } | { readonly state: 'dead' };

/** After `attempts` failures; `random` in [0, 1). */
export function afterFailure(attempts: number, random: number, policy: RetryPolicy = RETRY_POLICY): Failure {
  if (attempts >= policy.attempts) return { state: 'dead' };
  const delay = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (attempts - 1));
  return { state: 'retrying', delayMs: Math.round(delay * (0.5 + random / 2)) };
}
