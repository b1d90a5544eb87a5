/**
 * Turns the events of the account into rows. Each tenant has one account, and the worker's gate applies its versions once
 * and in order. So the last announcement of a batch is the newest one, and no event has to be checked for repetition.
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
      const announced = periods.get(event.tenantid) ?? new AnnouncedPeriods();
      periods.set(event.tenantid, announced);
      announced.take(event.data);
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
    const current = inOrder(periods, (announced) => announced.current);
    statements.push(
      forgetPeriods(
        inOrder(periods, (announced) => announced.replaced),
        current,
      ),
      insertPeriods(current),
    );
  }
  if (counts.size > 0) statements.push(saveCounts(inOrder(counts, (known) => [...known.values()])));
  if (access.size > 0) statements.push(saveAccess(inOrder(access, (newest) => [newest])));
  if (statements.length > 0) await tx.batch(statements);
}

/** Ordered by tenant, so that concurrent batches cannot deadlock. */
function inOrder<Value, Fact>(byTenant: Map<string, Value>, factsOf: (value: Value) => readonly Fact[]): Of<Fact>[] {
  return [...byTenant.keys()]
    .sort()
    .flatMap((tenant) => factsOf(byTenant.get(tenant)!).map((fact) => ({ tenant, fact })));
}
