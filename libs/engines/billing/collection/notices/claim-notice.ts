/**
 * Claims the next notice to send: the attempt is counted and committed before the mail server is contacted. So a sender that
 * crashes leaves a trace, and the next wait is longer.
 */
import { type Row, sql } from '#platform/database';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import { NOT_FENCED } from '#platform/recovery';
import { NOTICE_STEPS, type NoticeStep } from '../../access/index.js';
import { NO_ADDRESS, REFUSED, RETRY_MINUTES, RETRY_STEP_MINUTES } from './retries.js';

export interface NoticeKey {
  readonly tenant: string;
  readonly episode: string;
  readonly step: NoticeStep;
}

export interface ClaimedNotice extends NoticeKey {
  readonly slug: string;
  readonly address: string | null;
  /** Includes this attempt. */
  readonly attempts: number;
  /** Text, because a Date has no microseconds: the cursor would then stand before its own row. */
  readonly recordedAt: string;
  /** The reason for which the notice is no longer necessary. */
  readonly overtakenBy: 'settled' | 'newer' | null;
}

type ClaimRow = Row<'billing_notices', 'tenant_id' | 'episode_id' | 'attempts', { step: NoticeStep }> &
  Row<'billing_accounts', 'slug' | 'email'> & { recorded_at: string; is_settled: boolean; has_newer: boolean };

/** Reminders of a debt: one is enough. The notices that open, suspend and restore are sent independent of later notices. */
const COURTESIES: readonly NoticeStep[] = ['reminder_48h', 'reminder_96h', 'final_warning'];
const FIRST = { recordedAt: '-infinity', tenant: '00000000-0000-0000-0000-000000000000', place: 0 };
const LAST_WAIT = RETRY_MINUTES.length - 1;

const placeOf = (step: NoticeStep): number => NOTICE_STEPS.indexOf(step) + 1;

/**
 * The oldest notice after `previous` that is due and that no other sender is sending. For a single tenant, whose notices a
 * person requested, waits and refusals do not count.
 */
export async function claimNotice(
  database: CrossTenantDatabase,
  previous: ClaimedNotice | undefined,
  tenant: string | undefined,
): Promise<ClaimedNotice | undefined> {
  const after = previous ? { ...previous, place: placeOf(previous.step) } : FIRST;
  return database.transaction(
    async (tx) => {
      const row = await tx.first<ClaimRow>(sql`
      select n.tenant_id, n.episode_id, n.step, n.attempts, n.recorded_at::text as recorded_at, a.slug, a.email,
             e.closed_at is not null as is_settled,
             exists (select from billing_notices newer
                      where newer.tenant_id = n.tenant_id and newer.episode_id = n.episode_id
                        and array_position(${NOTICE_STEPS}::text[], newer.step) > array_position(${NOTICE_STEPS}::text[], n.step)) as has_newer
        from billing_notices n
        join billing_accounts a on a.tenant_id = n.tenant_id
        join billing_access_episodes e on e.tenant_id = n.tenant_id and e.id = n.episode_id
       where n.handed_over_at is null
         and (n.recorded_at, n.tenant_id, array_position(${NOTICE_STEPS}::text[], n.step))
             > (${after.recordedAt}::timestamptz, ${after.tenant}::uuid, ${after.place}::int)
         and case when ${tenant ?? null}::uuid is not null then n.tenant_id = ${tenant ?? null}::uuid
                  when a.email is null then n.last_error is distinct from ${NO_ADDRESS}
                  else coalesce(not starts_with(n.last_error, ${REFUSED}::text || a.email || ': '), true)
                       and app.now() >= n.recorded_at
                           + (${RETRY_MINUTES}::int[])[least(n.attempts, ${LAST_WAIT}::int) + 1] * interval '1 minute'
                           + greatest(n.attempts - ${LAST_WAIT}::int, 0) * ${RETRY_STEP_MINUTES}::int * interval '1 minute' end
       order by n.recorded_at, n.tenant_id, array_position(${NOTICE_STEPS}::text[], n.step)
       limit 1
         for update of n skip locked`);
      if (!row) return undefined;
      const claimed = claimOf(row);
      if (claimed.overtakenBy !== null || claimed.address === null) return claimed;
      await countAttempt(tx, claimed);
      return { ...claimed, attempts: claimed.attempts + 1 };
    },
    { guard: NOT_FENCED },
  );
}

function claimOf(row: ClaimRow): ClaimedNotice {
  const { tenant_id: tenant, episode_id: episode, step, slug, email: address, attempts, recorded_at: recordedAt } = row;
  const isSettled = row.is_settled && step !== 'restored';
  const isOldCourtesy = row.has_newer && COURTESIES.includes(step);
  const overtakenBy = isSettled ? 'settled' : isOldCourtesy ? 'newer' : null;
  return { tenant, episode, step, slug, address, attempts, recordedAt, overtakenBy };
}

async function countAttempt(tx: CrossTenantTransaction, { tenant, episode, step }: NoticeKey): Promise<void> {
  await tx.execute(sql`
    update billing_notices set attempts = attempts + 1
     where tenant_id = ${tenant} and episode_id = ${episode} and step = ${step}`);
}
