/**
 * The account's events become rows. All of them are about one aggregate per tenant, the account, whose versions the
 * worker's gate lets through once and in order; so the newest announcement of a batch is the last one, and nothing here
 * asks whether it has seen an event before.
 */
import { type Envelope, isEvent } from '#contracts/event';
import { accessChanged, entitlementsChanged, usageCounted } from '#contracts/billing/events';
import type { Sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import {
  type Access,
  type Count,
  forgetPeriods,
  insertPeriods,
  type Of,
  saveAccess,
  saveCounts,
} from '../../data/projection.js';
import { AnnouncedPeriods } from '../../domain/announced-periods.js';

export async function applyEvents(tx: CrossTenantTransaction, events: readonly Envelope[]): Promise<void> {
  const periods = new Map<string, AnnouncedPeriods>();
  const access = new Map<string, Access>();
  const counts = new Map<string, Map<string, Count>>();
  for (const event of events) {
    if (isEvent(event, entitlementsChanged)) {
      const told = periods.get(event.tenantid) ?? new AnnouncedPeriods();
      periods.set(event.tenantid, told);
      told.take(event.data);
    } else if (isEvent(event, usageCounted)) {
      const known = counts.get(event.tenantid) ?? new Map<string, Count>();
      counts.set(event.tenantid, known);
      const startsAt = event.data.period.starts_at;
      for (const { meter, used } of event.data.meters) known.set(`${meter} ${startsAt}`, { meter, startsAt, used });
    } else if (isEvent(event, accessChanged)) {
      access.set(event.tenantid, event.data);
    }
  }
  const statements: Sql[] = [];
  if (periods.size > 0) {
    const standing = inOrder(periods, (told) => told.standing);
    statements.push(
      forgetPeriods(
        inOrder(periods, (told) => told.replaced),
        standing,
      ),
      insertPeriods(standing),
    );
  }
  if (counts.size > 0) statements.push(saveCounts(inOrder(counts, (known) => [...known.values()])));
  if (access.size > 0) statements.push(saveAccess(inOrder(access, (newest) => [newest])));
  if (statements.length > 0) await tx.batch(statements);
}

/** By tenant, so that batches side by side never wait for each other in a circle. */
function inOrder<Value, Fact>(byTenant: Map<string, Value>, factsOf: (value: Value) => readonly Fact[]): Of<Fact>[] {
  return [...byTenant.keys()]
    .sort()
    .flatMap((tenant) => factsOf(byTenant.get(tenant)!).map((fact) => ({ tenant, fact })));
}
