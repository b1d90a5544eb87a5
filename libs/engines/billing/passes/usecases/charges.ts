/** Charges due invoices, if the operator has a payment provider; no call to the provider is made in a transaction. */
import { DomainError } from '#kernel';
import type { PassContext, PassEvent } from '#platform/inbox';
import { chargeDueInvoices, configuredProvider } from '../../collection/index.js';
import { fenced } from './fence.js';

/** The limit of one pass; the next pass takes the rest. A provider answers in a second, and passes should not overlap. */
const MOST_CHARGES = 2_000;

export async function* chargeAll(context: PassContext, asOf: Date): AsyncGenerator<PassEvent> {
  const { database, settings, tenant, isDryRun } = context;
  if (isDryRun) return;
  const provider = await configuredProvider(database, settings);
  if (!provider) return;
  const refusal = await fenced(context);
  if (refusal) {
    yield refusal;
    return;
  }
  for await (const charged of chargeDueInvoices(database, provider, { asOf, tenant, limit: MOST_CHARGES })) {
    const { tenant: of, invoice } = charged;
    if ('error' in charged) {
      const { error } = charged;
      if (error instanceof DomainError && error.code === 'database_unavailable') throw error;
      yield { kind: 'failed', facts: { tenant: of, invoice, charge: 'failed', reason: messageOf(error) } };
    } else if (charged.outcome !== 'not_now') {
      yield { kind: 'tenant', tenant: of, facts: { invoice, charge: charged.outcome } };
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
