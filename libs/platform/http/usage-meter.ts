/**
 * Counts a tenant's API calls and reports them as usage, a stretch at a time.
 *
 *   answered ─▶ count in memory ─▶ after 1,000 calls or a quarter of an hour, and once at the end ─▶ a `usage.reported`, committed
 *
 * A call counts when a signed-in person of the tenant made it and we answered it: not a refused sign-in, and none that
 * failed on our side. What is not committed is reported again a minute later, under the same id, so that a report whose
 * commit was not heard of is not made twice. A crash loses at most a stretch, which favours the tenant; writing each
 * call down would cost it a transaction, and a report is a row of usage that billing keeps for good: one a minute of
 * every tenant that has a working person would make most of the rows in the database.
 */
import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { usageReported } from '#contracts/entitlements/events';
import { newId, type TenantId } from '#kernel';
import { type TenantDatabase, violatedConstraint } from '#platform/database';
import { emit } from '#platform/outbox';
import type { HttpRequest } from './request.js';

const LOOK_MS = 60_000;
/** A tenant with few calls is reported this long after the first of them. */
const LONGEST_STRETCH_MS = 15 * 60_000;
/** A tenant with this many does not wait for that. */
const MANY_CALLS = 1_000;
/** Reports under way together: those of 10,000 tenants, one after the other, took a stopping process ten seconds. */
const AT_ONCE = 4;
const METERING = { id: 'system:metering' };
const UNAUTHENTICATED = 401;
const FIRST_FAULT_OF_OURS = 500;

/** The calls of one tenant since its last report. */
interface Count {
  /** Monotonic clock: its first call. */
  readonly from: number;
  calls: number;
}

interface Report {
  /** The id of the report's aggregate; each report is a new one. */
  readonly id: string;
  readonly tenant: TenantId;
  /** Monotonic clocks: when counting began and ended. */
  readonly from: number;
  readonly to: number;
  readonly calls: number;
}

export class UsageMeter {
  private readonly logger = new Logger('Metering');
  private readonly counting = new Map<TenantId, Count>();
  private waiting: readonly Report[] = [];
  private reporting = Promise.resolve(0);

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
    const timer = setInterval(() => void this.report(), LOOK_MS).unref();
    fastify.addHook('onClose', async () => {
      clearInterval(timer);
      await this.flush();
    });
  }

  count(tenant: TenantId): void {
    const count = this.counting.get(tenant);
    if (count) count.calls += 1;
    else this.counting.set(tenant, { from: performance.now(), calls: 1 });
  }

  /** Reports whose turn it is. Never rejects: resolves with the number of reports that failed and wait for the next time. */
  report(now = performance.now()): Promise<number> {
    return this.reportAll((count) => count.calls >= MANY_CALLS || now - count.from >= LONGEST_STRETCH_MS);
  }

  /** Reports whatever was counted, and resolves as `report` does. */
  flush(): Promise<number> {
    return this.reportAll(() => true);
  }

  private reportAll(isDue: (count: Count) => boolean): Promise<number> {
    this.reporting = this.reporting.then(() => this.commitAll(isDue));
    return this.reporting;
  }

  private async commitAll(isDue: (count: Count) => boolean): Promise<number> {
    const unreported: Report[] = [];
    // Of a tenant, what has waited goes first.
    for (const reports of [this.waiting, this.taken(isDue)]) {
      const left = reports.values();
      const reporter = async () => {
        for (const report of left) if (!(await this.hasCommitted(report))) unreported.push(report);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, reporter));
    }
    this.waiting = unreported;
    return unreported.length;
  }

  private async hasCommitted(report: Report): Promise<boolean> {
    try {
      await this.commit(report);
      return true;
    } catch (error) {
      // It is there already: the commit went through and its answer did not.
      if (violatedConstraint(error)?.endsWith('_pkey')) return true;
      this.logger.warn(`calls of ${report.tenant} wait for the next report: ${(error as Error).message}`);
      return false;
    }
  }

  private taken(isDue: (count: Count) => boolean): Report[] {
    const to = performance.now();
    const due = [...this.counting].filter(([, count]) => isDue(count));
    for (const [tenant] of due) this.counting.delete(tenant);
    return due.map(([tenant, count]) => ({ id: newId(), tenant, to, ...count }));
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
