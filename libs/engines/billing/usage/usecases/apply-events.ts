/**
 * Writes accounts, usage and caps from events. Every row comes from one event and is not changed later. A value that
 * several events set is a minimum, a mark or the newest of them. So the result does not depend on batches, their order
 * or repetitions.
 *
 * There is no foreign key to the account, because events of usage and owners may arrive before the event of their
 * tenant. An id that comes again with another payload is refused and counted, and nothing else happens: an error would
 * park an event whose id is already applied, and every event that follows it.
 */
import { createHash } from 'node:crypto';
import { usageCapChanged } from '#contracts/entitlements/events';
import { type Envelope, isEvent } from '#contracts/event';
import { userCreated } from '#contracts/identity/events';
import { tenantCreated } from '#contracts/tenancy/events';
import type { Sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { lockTenants, type Owner, saveOwners, saveTenants, type TenantFacts } from '../../accounts/index.js';
import { isNewer, type OwnCap, saveCaps } from '../data/caps.js';
import { conflictsAmong, lockSubscriptions, markStale, saveUsage, type UsageEvent } from '../data/usage.js';
import { usageOf } from '../domain/meters.js';
import { usageConflicts } from './usage-conflicts.js';

export async function applyEvents(tx: CrossTenantTransaction, events: readonly Envelope[]): Promise<void> {
  const { tenants, owners, usage, caps, conflicts } = factsOf(events);
  const statements: Sql[] = [];
  const introduced = inOrder([...tenants, ...owners].map(({ tenant }) => tenant));
  const using = inOrder(usage.map(({ tenant }) => tenant));
  // All batches take locks in the same order: advisory, subscriptions, accounts, caps.
  if (introduced.length > 0) statements.push(lockTenants(introduced));
  if (using.length > 0) statements.push(lockSubscriptions(using));
  if (introduced.length > 0) statements.push(saveTenants(tenants), saveOwners(introduced, owners));
  if (using.length > 0) statements.push(saveUsage(usage), markStale(using));
  if (caps.length > 0) statements.push(saveCaps(caps));
  if (using.length > 0) statements.push(conflictsAmong(usage));
  if (statements.length === 0) return;
  const results = await tx.batch(statements);
  const stored = using.length > 0 ? Number((results.at(-1) as { conflicts: number | bigint }[])[0]!.conflicts) : 0;
  if (conflicts + stored > 0) usageConflicts.inc(conflicts + stored);
}

interface Facts {
  readonly tenants: readonly TenantFacts[];
  readonly owners: readonly Owner[];
  readonly usage: readonly UsageEvent[];
  /** The newest cap of each tenant and meter. */
  readonly caps: readonly OwnCap[];
  /** How many events have the id of an earlier event of the batch, with another payload. */
  readonly conflicts: number;
}

/** The facts are in the order of their keys, so that concurrent batches cannot deadlock. */
export function factsOf(events: readonly Envelope[]): Facts {
  const tenants = new Map<string, TenantFacts>();
  const owners = new Map<string, Owner>();
  const usage = new Map<string, UsageEvent>();
  const caps = new Map<string, OwnCap>();
  let conflicts = 0;
  for (const event of events) {
    const { tenantid: tenant, id: transaction } = event;
    if (isEvent(event, tenantCreated)) {
      const { slug, legal_name: legalName, locale, time_zone: timeZone, currency } = event.data;
      tenants.set(tenant, { tenant, slug, legalName, locale, timeZone, currency });
    } else if (isEvent(event, userCreated)) {
      const { user_id: user, email, roles } = event.data;
      if (roles.includes('owner')) owners.set(`${tenant} ${user}`, { tenant, user, email, createdAt: event.time });
    } else if (isEvent(event, usageCapChanged)) {
      const { meter, cap, set_by: setBy, set_at: setAt } = event.data;
      const changed = { tenant, meter, cap, setBy, setAt, version: event.aggregateversion };
      const known = caps.get(`${tenant} ${meter}`);
      if (!known || isNewer(changed, known)) caps.set(`${tenant} ${meter}`, changed);
    }
    const used = usageOf(event);
    if (!used) continue;
    const key = `${tenant} ${transaction}`;
    const payloadHash = hashOf(event);
    const known = usage.get(key);
    if (!known) usage.set(key, { ...used, tenant, transaction, payloadHash });
    else if (known.payloadHash !== payloadHash) conflicts += 1;
  }
  return {
    tenants: inKeyOrder(tenants),
    owners: inKeyOrder(owners),
    usage: inKeyOrder(usage),
    caps: inKeyOrder(caps),
    conflicts,
  };
}

/** Hashes the content only: metadata of the delivery (trace, source) may differ from one delivery to the next. */
function hashOf({ type, subject, time, data }: Envelope): string {
  return createHash('sha256')
    .update(canonical([type, subject, time, data]))
    .digest('hex');
}

/** JSON with sorted members, because PostgreSQL and the streams may return them in different orders. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

function inOrder(tenants: readonly string[]): string[] {
  return [...new Set(tenants)].sort();
}

function inKeyOrder<Value>(values: ReadonlyMap<string, Value>): Value[] {
  return [...values.keys()].sort().map((key) => values.get(key)!);
}
