/** `billing-reconcile`: asks providers for charges of uncertain outcome, and applies the stored provider events. */
import { DomainError } from '#kernel';
import type { EnginePass, PassContext, PassEvent } from '#platform/inbox';
import { configuredProvider, reconcileAttempts, takeProviderEvents } from '../../collection/index.js';
import { beginRun, finishRun } from '../data/runs.js';
import { messageOf } from './charges.js';
import { fenced } from './fence.js';

/** The limit of one pass; the next pass takes the rest. */
const MOST = 2_000;

export const reconcilePass: EnginePass = {
  name: 'billing-reconcile',
  summary: 'settle charges with an unknown outcome, take in what payment providers told us',
  async *run(context: PassContext): AsyncGenerator<PassEvent> {
    const { database, settings, tenant, isDryRun } = context;
    const run = await beginRun(database, 'billing-reconcile', context.asOf, context);
    const counts = { settled: 0, waiting: 0, told: 0, failed: 0 };
    const provider = isDryRun ? undefined : await configuredProvider(database, settings);
    const refusal = provider && (await fenced(context));
    if (refusal) {
      counts.failed += 1;
      yield refusal;
    } else if (provider) {
      for await (const one of reconcileAttempts(database, provider, { asOf: run.asOf, tenant, limit: MOST })) {
        const { tenant: of, invoice } = one;
        if ('error' in one) {
          refuseTrouble(one.error);
          counts.failed += 1;
          yield { kind: 'failed', facts: { tenant: of, invoice, charge: 'failed', reason: messageOf(one.error) } };
          continue;
        }
        counts[one.outcome === 'unknown' ? 'waiting' : 'settled'] += 1;
        yield { kind: 'tenant', tenant: of, facts: { invoice, charge: one.outcome, because: one.because ?? null } };
      }
      for await (const taken of takeProviderEvents(database, provider, MOST)) {
        if (!('error' in taken)) counts.told += 1;
        else {
          refuseTrouble(taken.error);
          counts.failed += 1;
          yield { kind: 'failed', facts: { event: taken.event, type: taken.type, reason: messageOf(taken.error) } };
        }
      }
    }
    if (!isDryRun) await finishRun(database, run, counts);
    yield { kind: 'done', facts: { as_of: run.asOf.toISOString(), dry_run: isDryRun, ...counts } };
  },
};

/** A database failure ends the pass; a failure of the provider or of one event does not. */
function refuseTrouble(error: unknown): void {
  if (error instanceof DomainError && error.code === 'database_unavailable') throw error;
}
