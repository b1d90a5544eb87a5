/** What operators can see of the recovery fence, and what they can decide about it. */
import { errorTable } from '#kernel';
import { type Queryable, type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { fence, fenceOf } from './fence.js';

export const recoveryErrors = errorTable({
  recovery_fenced_already: ['conflict', 'Nothing leaves the database already: look at the reason, then confirm.'],
  recovery_not_fenced: ['conflict', 'The database is not fenced: there is nothing to confirm.'],
  recovery_outbox_ahead: [
    'conflict',
    'The outbox counts by transactions that this cluster has yet to run: it was loaded from a dump, and no relay would find its events. The statements under "Moving by dump" in docs/backups.md mend that.',
  ],
});

export type RecoveryStatus = Row<'recovery_state', 'epoch' | 'opened_at' | 'opened_by' | 'fenced_at' | 'fenced_by'> & {
  is_fenced: boolean;
  fenced_because: string | null;
  /** Committed events that wait behind the fence; counting stops at 10,000. */
  waiting: number;
};

export async function recoveryStatus(tx: Queryable): Promise<RecoveryStatus> {
  const row = await tx.first<RecoveryStatus>(sql<RecoveryStatus>`
    select s.epoch, s.opened_at, s.opened_by, app.recovery_fence() is not null as is_fenced,
           app.recovery_fence() as fenced_because, s.fenced_at, s.fenced_by,
           (select count(*)::int from (
              select from outbox_events o
               where o.xid >= pg_snapshot_xmin(p.published) and not pg_visible_in_snapshot(o.xid, p.published) limit 10000) open) as waiting
      from recovery_state s
      left join lateral (select coalesce(max(published::text), '3:3:')::pg_snapshot as published from relay_positions) p on true`);
  return row!;
}

/**
 * Fences the database. After its commit no batch and no charge begins, and the relay stops within a second. A copy that is
 * already fenced because of its lineage gets the person and the reason recorded. Throws `recovery_fenced_already`.
 */
export async function fenceDatabase(tx: CrossTenantTransaction, by: string, reason: string): Promise<RecoveryStatus> {
  if (!(await fence(tx, by, reason))) throw recoveryErrors.recovery_fenced_already();
  return recoveryStatus(tx);
}

/** Opens the next epoch. Throws `recovery_not_fenced` or `recovery_outbox_ahead`. */
export async function confirmEpoch(tx: CrossTenantTransaction, by: string): Promise<RecoveryStatus> {
  // The row is locked first, so that of two concurrent confirmations the second finds nothing to confirm.
  await tx.query(sql`select from recovery_state for update`);
  if ((await fenceOf(tx)) === undefined) throw recoveryErrors.recovery_not_fenced();
  await requireReachableOutbox(tx);
  await raiseEpoch(tx, by);
  return recoveryStatus(tx);
}

/**
 * Raises the recovery epoch. Every entry published so far is then ignored and published again from the outbox. The call waits
 * for running batches and takes the leases of all workers away.
 */
export async function raiseEpoch(tx: CrossTenantTransaction, by: string): Promise<void> {
  await tx.query(sql`select from consumer_leases order by engine, partition for update`);
  await tx.batch([
    sql`update consumer_leases set epoch = epoch + 1, holder = null, expires_at = clock_timestamp()`,
    sql`update recovery_state
           set epoch = epoch + 1, lineage = app.database_lineage(), opened_at = now(), opened_by = ${by},
               fenced_at = null, fenced_by = null, fenced_because = null`,
  ]);
}

async function requireReachableOutbox(tx: Queryable): Promise<void> {
  const row = await tx.first<{ is_ahead: boolean }>(sql`
    select exists (select from outbox_events where xid >= pg_snapshot_xmax(pg_current_snapshot())
                      and xid <> coalesce(pg_current_xact_id_if_assigned(), '0'))
        or exists (select from relay_positions where pg_snapshot_xmax(published) > pg_snapshot_xmax(pg_current_snapshot())) as is_ahead`);
  if (row!.is_ahead) throw recoveryErrors.recovery_outbox_ahead();
}
