/**
 * Events become accounts, usage and caps. Every row comes from one event and stays as it came, and what several events touch is a
 * minimum, a mark or the newest of them: neither batches, nor their order, nor repetitions show in the result.
 *
 * Nothing refers to the account: usage and owners may be heard of before their tenant is. An id that comes again with
 * another payload is refused, counted and otherwise passed over, because throwing would park an event whose id has done its
 * work, and with it everything that follows it.
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
  // Locks in one order: advisory, subscriptions, accounts, caps.
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
  /** The newest of each tenant and meter. */
  readonly caps: readonly OwnCap[];
  /** Events of the batch that contradict an earlier one of it. */
  readonly conflicts: number;
}

/** In the order of keys, so that batches running side by side cannot wait for each other in a circle. */
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
      const told = { tenant, meter, cap, setBy, setAt, version: event.aggregateversion };
      const known = caps.get(`${tenant} ${meter}`);
      if (!known || isNewer(told, known)) caps.set(`${tenant} ${meter}`, told);
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

/** Of what the event says. How it travelled (trace, source) may differ from one delivery to the next. */
function hashOf({ type, subject, time, data }: Envelope): string {
  return createHash('sha256')
    .update(canonical([type, subject, time, data]))
    .digest('hex');
}

/** JSON with members in one order: PostgreSQL and the streams may hand them over in another. */
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
