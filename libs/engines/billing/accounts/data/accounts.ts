/** A tenant's billing account: its lock, its row, and the events it sends. */
import type { ACCOUNT_STATES } from '#contracts/billing/events';
import type { EventContract, EventData } from '#contracts/event';
import { type Queryable, type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { emit, onBehalfOf } from '#platform/outbox';
import { errors } from '../../errors.js';

export type Account = Row<
  'billing_accounts',
  | 'tenant_id'
  | 'slug'
  | 'legal_name'
  | 'locale'
  | 'time_zone'
  | 'currency'
  | 'email'
  | 'trial_ends_at'
  | 'decided_as_of'
  | 'surplus_minor'
  | 'carried_minor',
  { access_state: (typeof ACCOUNT_STATES)[number] }
>;

/**
 * Every transaction that decides about a tenant's bills or access takes this lock and holds it until it commits. It
 * reads the facts and the clock after it has the lock.
 */
export const lockAccount = (tenant: string): Sql => sql`
  select pg_advisory_xact_lock(hashtextextended(${`billing/${tenant}`}, 0))`;

/** Takes the lock without waiting. Returns false while another transaction holds it. */
export async function tryLockAccount(tx: CrossTenantTransaction, tenant: string): Promise<boolean> {
  const row = await tx.first<{ is_free: boolean }>(sql`
    select pg_try_advisory_xact_lock(hashtextextended(${`billing/${tenant}`}, 0)) as is_free`);
  return row!.is_free;
}

/** Waits for the lock, then returns the time in whole milliseconds. No earlier holder of the lock has a later time. */
export async function lockedNow(tx: CrossTenantTransaction, tenant: string): Promise<Date> {
  const [, clock] = await tx.batch([lockAccount(tenant), CLOCK]);
  return clock[0]!.now;
}

/** The current time. `app.now()` is the start of the transaction, which may have waited for a lock since then. */
export const CLOCK = sql<{ now: Date }>`
  select date_trunc('milliseconds', clock_timestamp() + (app.now() - now())) as now`;

/** Throws `account_not_found`. */
export async function requireAccount(tx: Queryable, tenant: string): Promise<Account> {
  const account = await tx.first<Account>(sql`
    select tenant_id, slug, legal_name, locale, time_zone, currency, email, access_state, trial_ends_at, decided_as_of,
           surplus_minor, carried_minor
      from billing_accounts where tenant_id = ${tenant}`);
  if (!account) throw errors.account_not_found();
  return account;
}

export interface Announcement<Contract extends EventContract = EventContract> {
  readonly contract: Contract;
  readonly data: EventData<Contract>;
}

export const announcement = <Contract extends EventContract>(
  contract: Contract,
  data: EventData<Contract>,
): Announcement => ({ contract, data });

/** Emits events of the account in version order. Runs the statements of `along` first, in the same round trip. */
export async function announceAll(
  tx: CrossTenantTransaction,
  tenant: string,
  announcements: readonly Announcement[],
  actor = 'system:billing',
  along: readonly Sql[] = [],
): Promise<void> {
  const count = announcements.length;
  if (count === 0) {
    if (along.length > 0) await tx.batch(along);
    return;
  }
  const results = await tx.batch([
    ...along,
    sql`update billing_accounts set version = version + ${count}::int where tenant_id = ${tenant} returning version`,
  ]);
  const version = (results.at(-1) as { version: number }[])[0]?.version;
  if (version === undefined) throw errors.account_not_found();
  const acting = onBehalfOf(tx, tenant, actor);
  const first = version - count + 1;
  announcements.forEach(({ contract, data }, place) => {
    emit(acting, contract, { id: tenant, version: first + place }, data);
  });
}

export async function announce<Contract extends EventContract>(
  tx: CrossTenantTransaction,
  tenant: string,
  contract: Contract,
  data: EventData<Contract>,
  actor?: string,
): Promise<void> {
  await announceAll(tx, tenant, [announcement(contract, data)], actor);
}
