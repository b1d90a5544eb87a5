/** A person’s decisions about a tenant’s access. The access states change by facts alone, see domain/access.ts. */
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { instantOf, lockedNow, requireAccount } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { accessOverview } from '../data/access-overview.js';
import { announceAccess } from '../data/access.js';
import { graceDeadline } from '../domain/access.js';

/** Throws `account_not_found`, `nothing_to_extend` or `extension_not_later`. */
export async function extendGrace(
  tx: CrossTenantTransaction,
  actor: string,
  { tenant, until: text }: { readonly tenant: string; readonly until: string },
): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const { access_state: state } = await requireAccount(tx, tenant);
  const accessRow = (await tx.first(accessOverview(tenant)))!;
  const { notice_at: noticeAt, extended_until: extendedUntil } = accessRow;
  const deadline = state === 'grace' ? graceDeadline({ noticeAt, extendedUntil }) : null;
  if (deadline === null) throw errors.nothing_to_extend();
  const until = await instantOf(tx, tenant, text);
  if (until <= deadline || until <= now)
    throw errors.extension_not_later({ details: { deadline: deadline.toISOString() } });
  await tx.execute(sql`
    update billing_access_episodes set extended_until = ${until} where tenant_id = ${tenant} and closed_at is null`);
  await announceAccess(tx, tenant, state, 'grace_extended', actor);
}

export interface Hold {
  readonly tenant: string;
  /** A person cannot place or lift `billing`: facts do. */
  readonly cause: 'admin' | 'fraud';
}

/** Throws `account_not_found` or `hold_exists`. */
export async function placeHold(
  tx: CrossTenantTransaction,
  actor: string,
  { tenant, cause, reason }: Hold & { readonly reason: string },
): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const { access_state: state } = await requireAccount(tx, tenant);
  const added = await tx.execute(sql`
    insert into billing_access_holds (tenant_id, cause, since, actor, reason)
    values (${tenant}, ${cause}, ${now}, ${actor}, ${reason}) on conflict do nothing`);
  if (added === 0) throw errors.hold_exists();
  await announceAccess(tx, tenant, state, 'hold', actor);
}

/** Throws `account_not_found` or `hold_not_found`. */
export async function liftHold(tx: CrossTenantTransaction, actor: string, { tenant, cause }: Hold): Promise<void> {
  await lockedNow(tx, tenant);
  const { access_state: state } = await requireAccount(tx, tenant);
  const lifted = await tx.execute(sql`
    delete from billing_access_holds where tenant_id = ${tenant} and cause = ${cause}`);
  if (lifted === 0) throw errors.hold_not_found();
  await announceAccess(tx, tenant, state, 'hold', actor);
}

/**
 * A pass closes the tenant once its suspension is old enough. If the tenant pays before that, it gets its access back.
 * Throws `account_not_found` or `nothing_to_close`.
 */
export async function confirmClosing(tx: CrossTenantTransaction, tenant: string): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const { access_state: state } = await requireAccount(tx, tenant);
  if (state !== 'suspended') throw errors.nothing_to_close();
  const confirmed = await tx.execute(sql`
    update billing_access_episodes set closing_confirmed_at = ${now}
     where tenant_id = ${tenant} and closed_at is null and suspended_at is not null`);
  if (confirmed === 0) throw errors.nothing_to_close();
}
