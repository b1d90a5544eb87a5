/**
 * The account's events become rows. All of them are about one aggregate per tenant, the account, whose versions the
 * worker's gate lets through once and in order; so the newest announcement of a batch is the last one, and nothing here
 * asks whether it has seen an event before.
 */
import { type Envelope, isEvent } from '#contracts/event';
import { accessChanged, entitlementsChanged } from '#contracts/events/account';
import type { Sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { type Access, forgetPeriods, insertPeriods, type Of, saveAccess } from '../../data/projection.js';
import { ToldPeriods } from '../../domain/told-periods.js';

export async function applyEvents(tx: CrossTenantTransaction, events: readonly Envelope[]): Promise<void> {
  const periods = new Map<string, ToldPeriods>();
  const access = new Map<string, Access>();
  for (const event of events) {
    if (isEvent(event, entitlementsChanged)) {
      const told = periods.get(event.tenantid) ?? new ToldPeriods();
      periods.set(event.tenantid, told);
      told.take(event.data);
    } else if (isEvent(event, accessChanged)) {
      access.set(event.tenantid, event.data);
    }
  }
  const statements: Sql[] = [];
  if (periods.size > 0) {
    statements.push(forgetPeriods(inOrder(periods, (told) => told.replaced)));
    statements.push(insertPeriods(inOrder(periods, (told) => told.standing)));
  }
  if (access.size > 0) statements.push(saveAccess(inOrder(access, (newest) => [newest])));
  if (statements.length > 0) await tx.batch(statements);
}

/** By tenant, so that batches side by side never wait for each other in a circle. */
function inOrder<Value, Fact>(byTenant: Map<string, Value>, factsOf: (value: Value) => readonly Fact[]): Of<Fact>[] {
  return [...byTenant.keys()]
    .sort()
    .flatMap((tenant) => factsOf(byTenant.get(tenant)!).map((fact) => ({ tenant, fact })));
}
