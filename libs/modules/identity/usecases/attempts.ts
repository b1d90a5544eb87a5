/** Sign-in attempts, counted per address and account in this process; the account alone has a wider limit. */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '#kernel';
import { errors } from '../errors.js';
import { signInAttempts } from './metrics.js';

const WINDOW_SECONDS = 300;
const PER_ADDRESS_AND_ACCOUNT = new RateLimiterMemory({ points: 10, duration: WINDOW_SECONDS });
const PER_ACCOUNT = new RateLimiterMemory({ points: 50, duration: WINDOW_SECONDS });

/** Counts failures only. Throws `too_many_attempts`, before the password is checked, when there were too many. */
export async function limitedAttempt<Result>(
  account: string,
  address: string,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const counters = [
    [PER_ADDRESS_AND_ACCOUNT, `${address}/${account}`],
    [PER_ACCOUNT, account],
  ] as const;
  for (const [limiter, key] of counters) {
    const state = await limiter.get(key);
    if (state && state.consumedPoints >= limiter.points) {
      signInAttempts.inc({ outcome: 'limited' });
      throw refusal(state);
    }
  }
  try {
    const result = await attempt();
    await PER_ADDRESS_AND_ACCOUNT.delete(`${address}/${account}`);
    signInAttempts.inc({ outcome: 'succeeded' });
    return result;
  } catch (error) {
    // An unreachable database is not a failed attempt.
    if (error instanceof DomainError && error.kind === 'unauthenticated') signInAttempts.inc({ outcome: 'refused' });
    await Promise.allSettled(counters.map(([limiter, key]) => limiter.consume(key)));
    throw error;
  }
}

function refusal(state: RateLimiterRes) {
  return errors.too_many_attempts({ retryAfterSeconds: Math.ceil(state.msBeforeNext / 1_000) });
}
