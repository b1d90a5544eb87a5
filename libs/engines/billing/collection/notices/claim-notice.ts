/**
 * The next notice to send, claimed: one attempt more is counted and committed before anything is said to a mail server, so
 * that a sender that dies leaves a trace, and waits longer the next time.
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
  /** With this one. */
  readonly attempts: number;
  /** Text, because a Date has no microseconds and would come before itself. */
  readonly recordedAt: string;
  /** Why nothing needs to be said any more. */
  readonly overtakenBy: 'settled' | 'newer' | null;
}

type ClaimRow = Row<'billing_notices', 'tenant_id' | 'episode_id' | 'attempts', { step: NoticeStep }> &
  Row<'billing_accounts', 'slug' | 'email'> & { recorded_at: string; is_settled: boolean; has_newer: boolean };

/** These tell of a debt, and one is enough; what opens, suspends and restores is told whatever came after it. */
const COURTESIES: readonly NoticeStep[] = ['reminder_48h', 'reminder_96h', 'final_warning'];
const FIRST = { recordedAt: '-infinity', tenant: '00000000-0000-0000-0000-000000000000', place: 0 };
const LAST_WAIT = RETRY_MINUTES.length - 1;

const placeOf = (step: NoticeStep): number => NOTICE_STEPS.indexOf(step) + 1;

/**
 * The oldest one after `previous` whose time has come and that nobody else is at. For a single tenant, because a person
 * asked, no wait and no refusal counts.
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
