/**
 * Counts a tenant's API calls and reports them as usage, a minute at a time.
 *
 *   answered ─▶ count in memory ─▶ every minute, and once at the end ─▶ a `usage.reported` per tenant, committed
 *
 * A call counts when it was made by somebody of the tenant and answered by us: not a refused sign-in, and none that failed
 * on our side. What is not committed is reported again with the next minute, under the same id, so that a report whose
 * commit was not heard of is not made twice. A crash loses at most a minute of counts, which favours the tenant; writing
 * each call down would cost it a transaction.
 */
import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { usageReported } from '#contracts/events/usage';
import { newId, type TenantId } from '#kernel';
import { type TenantDatabase, violatedConstraint } from '#platform/database';
import { emit } from '#platform/outbox';
import type { HttpRequest } from './request.js';

const FLUSH_MS = 60_000;
const METERING = { id: 'system:metering' };
const UNAUTHENTICATED = 401;
const FIRST_FAULT_OF_OURS = 500;

interface Report {
  /** Of the report's aggregate; each is one of its own. */
  readonly id: string;
  readonly tenant: TenantId;
  /** Monotonic clocks: when counting began and ended. */
  readonly from: number;
  readonly to: number;
  readonly calls: number;
}

export class UsageMeter {
  private readonly logger = new Logger('Metering');
  private counting = new Map<TenantId, number>();
  private since = performance.now();
  private waiting: readonly Report[] = [];
  private flushing = Promise.resolve(0);

  constructor(private readonly database: TenantDatabase) {}

  /** Before the server listens. The last report follows the last answer and comes before the database is let go of. */
  observe(fastify: FastifyInstance): void {
    fastify.addHook('onResponse', (plain, reply, done) => {
      const { site, principal } = plain as HttpRequest;
      // Also a token of another store, or of a session that has ended, is answered by 401.
      const isAnswered = reply.statusCode !== UNAUTHENTICATED && reply.statusCode < FIRST_FAULT_OF_OURS;
      if (site?.kind === 'tenant' && principal?.audience === 'tenant' && isAnswered) this.count(site.tenant.id);
      done();
    });
    const timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
    fastify.addHook('onClose', async () => {
      clearInterval(timer);
      await this.flush();
    });
  }

  count(tenant: TenantId): void {
    this.counting.set(tenant, (this.counting.get(tenant) ?? 0) + 1);
  }

  /** Never rejects: resolves with the number of reports that failed and wait for the next time. */
  flush(): Promise<number> {
    this.flushing = this.flushing.then(() => this.report());
    return this.flushing;
  }

  private async report(): Promise<number> {
    const to = performance.now();
    const fresh = [...this.counting].map(([tenant, calls]) => ({ id: newId(), tenant, from: this.since, to, calls }));
    this.counting = new Map();
    this.since = to;
    const unreported: Report[] = [];
    for (const report of [...this.waiting, ...fresh]) {
      try {
        await this.commit(report);
      } catch (error) {
        // It is there already: the commit went through and its answer did not.
        if (violatedConstraint(error)?.endsWith('_pkey')) continue;
        unreported.push(report);
        this.logger.warn(`calls of ${report.tenant} wait for the next report: ${(error as Error).message}`);
      }
    }
    this.waiting = unreported;
    return unreported.length;
  }

  private commit({ id, tenant, from, to, calls }: Report): Promise<void> {
    return this.database.transaction({ tenant, actor: METERING }, async (tx) => {
      // The database's clock, because it decides the period; ours only says how long ago it was.
      const now = (await tx.now()).getTime();
      const ago = (moment: number) => new Date(now - (performance.now() - moment)).toISOString();
      emit(
        tx,
        usageReported,
        { id, version: 1 },
        { meter: 'api_calls', quantity: calls, from: ago(from), to: ago(to) },
      );
    });
  }
}
