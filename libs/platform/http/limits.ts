/**
 * The limits of one tenant in this process: requests per minute, counted in memory, and requests at once. Counting in
 * memory costs a microsecond; a shared counter would cost a round trip. With N processes the limit is N-fold, which is
 * right, because it protects each process.
 */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { errorTable } from '#kernel';
import { refusedRequests } from './limit-metrics.js';
import type { HttpReply } from './request.js';

const errors = errorTable({
  rate_limited: ['too_many_requests', 'Too many requests; slow down.'],
  too_many_at_once: ['too_many_requests', 'Too many requests at the same time.'],
});

const WINDOW_SECONDS = 60;

export interface LimitOptions {
  readonly requestsPerMinute: number;
  readonly requestsAtOnce: number;
}

export class TenantLimits {
  private readonly window: RateLimiterMemory;
  private readonly running = new Map<string, number>();

  constructor(private readonly options: LimitOptions) {
    this.window = new RateLimiterMemory({ points: options.requestsPerMinute, duration: WINDOW_SECONDS });
  }

  /** Counts one request and states the budget in the answer (draft-ietf-httpapi-ratelimit-headers). */
  async admit(key: string, reply: HttpReply): Promise<void> {
    void reply.header('ratelimit-policy', `"tenant";q=${this.options.requestsPerMinute};w=${WINDOW_SECONDS}`);
    try {
      this.state(await this.window.consume(key), reply);
    } catch (refusal) {
      if (refusal instanceof Error) throw refusal;
      const state = refusal as RateLimiterRes;
      this.state(state, reply);
      refusedRequests.inc({ reason: 'rate_limited' });
      throw errors.rate_limited({ retryAfterSeconds: Math.ceil(state.msBeforeNext / 1_000) });
    }
    const running = this.running.get(key) ?? 0;
    if (running >= this.options.requestsAtOnce) {
      refusedRequests.inc({ reason: 'too_many_at_once' });
      throw errors.too_many_at_once({ retryAfterSeconds: 1 });
    }
    this.running.set(key, running + 1);
  }

  release(key: string): void {
    const running = (this.running.get(key) ?? 1) - 1;
    if (running > 0) this.running.set(key, running);
    else this.running.delete(key);
  }

  private state(state: RateLimiterRes, reply: HttpReply): void {
    void reply.header('ratelimit', `"tenant";r=${state.remainingPoints};t=${Math.ceil(state.msBeforeNext / 1_000)}`);
  }
}
